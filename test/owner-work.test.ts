// The owner guard's answers in the database.
import { expect, test } from 'vitest';
import { doOwnerWork } from '../apps/relayer/owner-work.ts';
import { eventRow, insertEvents, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';

const nowMs = Date.UTC(2026, 5, 1);
const hold = { kind: 'hold', businessId: 'acme', reason: 'no endpoint' } as const;

test('a hold goes on in later turns until all events of the owner are held', async () => {
  const file = newDatabaseFile();
  const seqs = insertEvents(plainConnection(file), 501);
  const store = await openStore(file);
  const item = { ...hold, availableAtMs: nowMs + 30_000 };
  expect(await doOwnerWork(store, [item], nowMs)).toEqual([item]);
  expect(await doOwnerWork(store, [item], nowMs)).toEqual([]);
  expect(eventRow(plainConnection(file), seqs[500] ?? 0).wait_reason).toBe('endpoint');
});

test('a hold that is over is dropped: it would make the same events due again, turn after turn', async () => {
  const file = newDatabaseFile();
  const [first] = insertEvents(plainConnection(file), 501);
  const store = await openStore(file);
  expect(await doOwnerWork(store, [{ ...hold, availableAtMs: nowMs }], nowMs)).toEqual([]);
  expect(eventRow(plainConnection(file), first ?? 0).wait_reason).toBeNull();
});
