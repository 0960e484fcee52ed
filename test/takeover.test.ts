// Takeover with the real lock files: only a slot whose holder is gone is taken over.
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../apps/outbox/clock.ts';
import { silentLog } from '../apps/outbox/log.ts';
import { acquireSlot, type RelayerSlot } from '../apps/outbox/relayer-slot.ts';
import { takeOverDeadSlots, takeOverOwnSlot } from '../apps/relayer/takeover.ts';
import { eventRow, insertEvents, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { claimer, startMs } from './store-contract-steps.ts';

/** Two relayers on one database; the first one holds three leases. */
async function twoRelayers() {
  const databaseFile = newDatabaseFile();
  const db = plainConnection(databaseFile);
  insertEvents(db, 3);
  const store = await openStore(databaseFile, 1_000);
  const first = held(acquireSlot(databaseFile));
  await claimer(store, first.name)({}, startMs);
  const second = held(acquireSlot(databaseFile));
  const options = { databaseFile, store, clock: systemClock, log: silentLog };
  return { db, first, second, options };
}

function held(slot: RelayerSlot): RelayerSlot {
  onTestFinished(() => slot.release());
  return slot;
}

test('a relayer that lives keeps its leases, whoever looks for dead ones', async () => {
  const { db, first, second, options } = await twoRelayers();
  expect([first.name, second.name]).toEqual(['00', '01']);
  expect(await takeOverDeadSlots({ ...options, slot: second })).toBe(0);
  expect(await takeOverOwnSlot({ ...options, slot: second })).toBe(0);
  for (const seq of [1, 2, 3]) expect(eventRow(db, seq).lease_id).toMatch(/^00:/);
});

test('the leases of a relayer that is gone are free at once, and its slot too', async () => {
  const { db, first, second, options } = await twoRelayers();
  first.release();
  expect(await takeOverDeadSlots({ ...options, slot: second })).toBe(3);
  for (const seq of [1, 2, 3]) expect(eventRow(db, seq)).toMatchObject({ lease_id: null, available_at: 0 });
  expect(held(acquireSlot(options.databaseFile)).name).toBe('00');
});
