// The contract of keeping house: events that waited for the gateway, pruning.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { EventColumns } from './outbox-database.ts';
import {
  type ContractDatabase,
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  startMs,
} from './store-contract-steps.ts';

async function appendMany(
  database: ContractDatabase,
  count: number,
  columns: EventColumns,
): Promise<number[]> {
  const seqs = [];
  for (let n = 0; n < count; n++) seqs.push(await database.append(columns));
  return seqs;
}

const dayMs = 86_400_000;
const waiting = { wait_reason: 'gateway', available_at: startMs + 60_000 };

export function keepingContract(create: CreateDatabase): void {
  test('resume makes due what waited for the gateway, and nothing else', async () => {
    const database = await create();
    const store = await database.open();
    const waited = await appendMany(database, 3, waiting);
    const others = [];
    for (const wait_reason of ['retry', 'endpoint', 'evidence', null]) {
      others.push(await database.append({ ...waiting, wait_reason }));
    }
    expect(await store.resume({ nowMs: startMs, limit: 100 })).toBe(3);
    for (const seq of waited) {
      expect(await database.read(seq)).toMatchObject({ available_at: startMs, wait_reason: null });
    }
    for (const seq of others) expect((await database.read(seq))?.available_at).toBe(waiting.available_at);
    const claimed = await claimer(store)();
    expect(claimed.map(({ seq }) => seq)).toEqual(waited);
  });

  test('promote puts what is overdue before what was never delayed, by age, and nothing else', async () => {
    const database = await create();
    const store = await database.open();
    const later = await database.append({ available_at: startMs + 1 });
    const fresh = await appendMany(database, 2, {});
    const overdue = await appendMany(database, 2, { available_at: startMs - 1, wait_reason: 'retry' });
    expect((await claimer(store)({ slots: 1 }, startMs)).map(({ seq }) => seq)).toEqual([fresh[0]]);
    expect(await store.promote({ nowMs: startMs, limit: 1 })).toBe(1);
    expect(await store.promote({ nowMs: startMs, limit: 9 })).toBe(1);
    expect(await store.promote({ nowMs: startMs, limit: 9 })).toBe(0);
    for (const seq of overdue) expect((await database.read(seq))?.available_at).toBe(0);
    expect((await database.read(later))?.available_at).toBe(startMs + 1);
  });

  test('recall makes due what a relayer has delayed beyond an instant, and leaves what the application scheduled', async () => {
    const database = await create();
    const store = await database.open();
    const available_at = startMs + 1_001;
    const delayed = [
      await database.append({ available_at, wait_reason: 'retry' }),
      await database.append({ available_at, claims: 1 }),
      await database.append({ available_at, last_error: 'HTTP 429' }),
    ];
    const others = [
      await database.append({ available_at }),
      await database.append({ available_at: startMs + 1_000, wait_reason: 'retry' }),
    ];
    const request = { afterMs: startMs + 1_000, nowMs: startMs };
    expect(await store.recall({ ...request, limit: 2 })).toBe(2);
    expect(await store.recall({ ...request, limit: 2 })).toBe(1);
    expect(await store.recall({ ...request, limit: 2 })).toBe(0);
    for (const seq of delayed) expect((await database.read(seq))?.available_at).toBe(startMs);
    for (const seq of others) expect((await database.read(seq))?.available_at).not.toBe(startMs);
  });

  test('recall leaves a leased event to its holder', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ claims: 3 });
    const event = await claimOne(store);
    expect(await store.recall({ afterMs: startMs, nowMs: startMs, limit: 9 })).toBe(0);
    expect(await database.read(event.seq)).toMatchObject({ lease_id: event.leaseId });
  });

  test('resume works in batches until none is left', async () => {
    const database = await create();
    const store = await database.open();
    await appendMany(database, 7, waiting);
    const batches = [];
    for (let n = 0; n < 4; n++) batches.push(await store.resume({ nowMs: startMs, limit: 3 }));
    expect(batches).toEqual([3, 3, 1, 0]);
  });

  test('resume leaves a leased event to its holder', async () => {
    const database = await create();
    const store = await database.open();
    await database.append();
    const event = await claimOne(store);
    await store.resume({ nowMs: startMs, limit: 10 });
    expect(await database.read(event.seq)).toMatchObject({
      lease_id: event.leaseId,
      available_at: startMs + leaseMs,
    });
  });

  test('pruning deletes processed events that are older, in batches, and nothing else', async () => {
    const database = await create();
    const store = await database.open();
    const old = { processed_at: isoText(startMs - 8 * dayMs), created_at: isoText(startMs - 9 * dayMs) };
    const kept = [];
    for (const status of ['pending', 'dead', 'discarded'])
      kept.push(await database.append({ ...old, status }));
    kept.push(await database.append({ status: 'processed', processed_at: isoText(startMs - 7 * dayMs) }));
    const pruned = await appendMany(database, 5, { ...old, status: 'processed' });
    const batches = [];
    for (let n = 0; n < 4; n++) {
      batches.push(await store.prune({ beforeMs: startMs - 7 * dayMs, limit: 2 }));
    }
    expect(batches).toEqual([2, 2, 1, 0]);
    for (const seq of pruned) expect(await database.read(seq)).toBeNull();
    for (const seq of kept) expect(await database.read(seq)).not.toBeNull();
  });

  test('a pruned event never lends its seq to a new one', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await database.append({ status: 'processed', processed_at: isoText(startMs - dayMs) });
    expect(await store.prune({ beforeMs: startMs, limit: 10 })).toBe(1);
    expect(await database.append()).toBeGreaterThan(seq);
  });
}
