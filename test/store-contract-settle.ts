// The contract of settling: what each outcome does to the row, and that only the holder of the lease can.
import { expect, test } from 'vitest';
import type { Settlement } from '../apps/outbox/store.ts';
import type { EventRow } from './outbox-database.ts';
import {
  type ContractDatabase,
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

type Kind = keyof ReturnType<typeof settlementsOf>;

/** An event with a past, claimed and settled in one way; its row afterwards. */
async function rowAfter(database: ContractDatabase, kind: Kind, change: Partial<Settlement> = {}) {
  const seq = await database.append({ attempts: 2, claims: 3, last_error: 'HTTP 503', available_at: 7 });
  const store = await database.open();
  const event = await claimOne(store);
  const settlement = { ...settlementsOf(event)[kind], ...change } as Settlement;
  expect(await settle(store, [settlement], startMs + 40)).toEqual([]);
  return (await database.read(seq)) as EventRow;
}

const settledColumns = [
  'status',
  'attempts',
  'claims',
  'available_at',
  'wait_reason',
  'last_error',
  'lease_id',
] as const;

function settledPart(row: EventRow) {
  return Object.fromEntries(settledColumns.map((name) => [name, row[name]]));
}

export function settleContract(create: CreateDatabase): void {
  test('processed: done, at that instant, by that gateway, and no error remains', async () => {
    const row = await rowAfter(await create(), 'processed');
    expect(settledPart(row)).toEqual({
      status: 'processed',
      attempts: 2,
      claims: 0,
      available_at: startMs + leaseMs,
      wait_reason: null,
      last_error: null,
      lease_id: null,
    });
    expect(row.processed_at).toBe('2026-01-01T12:00:00.040+00:00');
    expect(row.gateway).toBe('https://convoy.test/api/v1/projects/p');
    expect(row.confirmed_at).toBeNull();
  });

  test('retry: one more attempt, due later by its own fault', async () => {
    const row = await rowAfter(await create(), 'retry');
    expect(settledPart(row)).toEqual({
      status: 'pending',
      attempts: 3,
      claims: 0,
      available_at: startMs + 5_000,
      wait_reason: 'retry',
      last_error: 'HTTP 400: no',
      lease_id: null,
    });
  });

  test.each([
    { countsAttempt: true, attempts: 3 },
    { countsAttempt: false, attempts: 2 },
  ])('dead: out of the way, with its reason and $attempts attempts', async ({ countsAttempt, attempts }) => {
    const row = await rowAfter(await create(), 'dead', { countsAttempt });
    expect(settledPart(row)).toEqual({
      status: 'dead',
      attempts,
      claims: 0,
      available_at: startMs + leaseMs,
      wait_reason: null,
      last_error: 'HTTP 400: never',
      lease_id: null,
    });
    expect(row.processed_at).toBeNull();
  });

  test('released with an answer: no attempt counted, the crash counter starts over', async () => {
    const row = await rowAfter(await create(), 'released');
    expect(settledPart(row)).toEqual({
      status: 'pending',
      attempts: 2,
      claims: 0,
      available_at: startMs + 5_000,
      wait_reason: 'gateway',
      last_error: 'HTTP 500',
      lease_id: null,
    });
  });

  test('released unsent: as if never claimed, and what was known of it stays', async () => {
    const row = await rowAfter(await create(), 'unsent');
    expect(settledPart(row)).toEqual({
      status: 'pending',
      attempts: 2,
      claims: 3,
      available_at: 0,
      wait_reason: null,
      last_error: 'HTTP 503',
      lease_id: null,
    });
  });

  test('settling touches no other event', async () => {
    const database = await create();
    const store = await database.open();
    await database.append();
    const bystander = await database.append();
    const event = await claimOne(store);
    const before = await database.read(bystander);
    await settle(store, [settlementsOf(event).dead]);
    expect(await database.read(bystander)).toEqual(before);
  });

  test.each(['processed', 'retry', 'dead', 'released', 'unsent'] as const)(
    'a relayer that lost its lease cannot settle: %s',
    async (kind) => {
      const database = await create();
      await database.append();
      const stale = await claimOne(await database.open(), '00');
      const successor = await database.open();
      const held = await claimOne(successor, '01', startMs + leaseMs);
      const before = await database.read(stale.seq);
      const late = settlementsOf(stale)[kind];
      expect(await settle(await database.open(), [late])).toEqual([late]);
      expect(await database.read(stale.seq)).toEqual(before);

      const outcome = settlementsOf(held).dead;
      expect(await settle(successor, [outcome])).toEqual([]);
      expect(await settle(await database.open(), [late])).toEqual([late]);
      expect(await database.read(stale.seq)).toMatchObject({ status: 'dead', last_error: outcome.error });
    },
  );

  test('the same relayer cannot settle under an earlier lease of its own', async () => {
    const database = await create();
    await database.append();
    const store = await database.open();
    const claim = claimer(store);
    const [first] = await claim();
    const [second] = await claim({}, startMs + leaseMs);
    if (first === undefined || second === undefined) throw new Error('nothing was claimed');
    expect(await settle(store, [settlementsOf(first).processed])).toHaveLength(1);
    expect(await settle(store, [settlementsOf(second).processed])).toHaveLength(0);
  });

  test('a lease that ran out still settles while nobody else has claimed the event', async () => {
    const database = await create();
    await database.append();
    const store = await database.open();
    const event = await claimOne(store);
    expect(await settle(store, [settlementsOf(event).processed], startMs + 10 * leaseMs)).toEqual([]);
  });

  test('settling twice is told as lost the second time and changes nothing', async () => {
    const database = await create();
    await database.append();
    const store = await database.open();
    const event = await claimOne(store);
    const { retry } = settlementsOf(event);
    expect(await settle(store, [retry])).toEqual([]);
    expect(await settle(store, [retry])).toEqual([retry]);
    expect((await database.read(event.seq))?.attempts).toBe(1);
  });

  test('one turn settles what was answered and claims what is free', async () => {
    const database = await create();
    const store = await database.open();
    await database.append();
    await database.append();
    const event = await claimOne(store);
    const next = await database.append();
    const claim = { slots: 1, leaseId: '00:turn:1', leaseEndsAtMs: startMs + leaseMs, dueByMs: startMs };
    const result = await store.turn({
      settlements: [settlementsOf(event).processed],
      claim: { ...claim, exceptSeqs: [event.seq, event.seq + 1] },
      nowMs: startMs,
    });
    expect(result.lost).toEqual([]);
    expect(result.claimed.map(({ seq }) => seq)).toEqual([next]);
    expect((await database.read(event.seq))?.status).toBe('processed');
  });
}
