// What only SQLite's store shows: a turn is one transaction, and a store that cannot write has changed nothing.
import { expect, test } from 'vitest';
import { isBusy } from '../apps/outbox/sqlite/code.ts';
import type { TurnRequest } from '../apps/outbox/store.ts';
import { eventRow, insertEvents, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { claimer, leaseMs, settlementsOf, startMs } from './store-contract-steps.ts';

function rowsOf(db: ReturnType<typeof plainConnection>) {
  return db.prepare('SELECT * FROM events ORDER BY seq').all();
}

const claimRequest = {
  slots: 2,
  leaseId: '00:test:turn',
  leaseEndsAtMs: startMs + leaseMs,
  dueByMs: startMs,
  exceptSeqs: [],
};

test.each([
  {
    broken: 'the second of two settlements',
    trigger: `BEFORE UPDATE ON events WHEN NEW.last_error = 'HTTP 400: no'`,
  },
  {
    broken: 'the claim after the settlements',
    trigger: `BEFORE UPDATE ON events WHEN NEW.lease_id = '00:test:turn'`,
  },
])('a turn that fails in $broken has done nothing at all', async ({ trigger }) => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  insertEvents(plain, 6);
  const store = await openStore(file);
  const [first, second] = await claimer(store)({ slots: 2 });
  if (first === undefined || second === undefined) throw new Error('nothing was claimed');
  plain.exec(`CREATE TRIGGER fault ${trigger} BEGIN SELECT raise(ABORT, 'injected'); END`);
  const before = rowsOf(plain);
  const turn = {
    settlements: [settlementsOf(first).processed, settlementsOf(second).retry],
    claim: claimRequest,
    nowMs: startMs,
  };
  await expect(store.turn(turn)).rejects.toThrow('injected');
  expect(rowsOf(plain)).toEqual(before);

  plain.exec('DROP TRIGGER fault');
  const result = await store.turn(turn);
  expect(result.lost).toEqual([]);
  expect(result.claimed).toHaveLength(2);
  expect(eventRow(plain, first.seq).status).toBe('processed');
});

test('a turn of each kind says once that somebody else has committed since the one before, and never that it has itself', async () => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  const store = await openStore(file);
  const othersWrote = async (turn: Partial<TurnRequest>) => {
    const request = { settlements: [], claim: claimRequest, nowMs: startMs, ...turn };
    return (await store.turn(request)).othersWrote;
  };
  const isSaidOnce = async (turn: Partial<TurnRequest>) => {
    const [first, second] = [await othersWrote(turn), await othersWrote({})];
    return first && !second;
  };
  insertEvents(plain, 1, { available_at: startMs + leaseMs });
  expect(await isSaidOnce({})).toBe(true);
  insertEvents(plain, 6);
  expect(await isSaidOnce({})).toBe(true);
  const [event] = await claimer(store)({ slots: 1 });
  if (event === undefined) throw new Error('nothing was claimed');
  expect(await othersWrote({})).toBe(false);
  insertEvents(plain, 1);
  expect(await isSaidOnce({ settlements: [settlementsOf(event).processed] })).toBe(true);
});

test('while somebody else holds the write lock, every writing verb says busy and has done nothing', async () => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  insertEvents(plain, 3);
  insertEvents(plain, 1, { status: 'dead' });
  insertEvents(plain, 1, { lease_id: '05:x:1' });
  const store = await openStore(file);
  const [event] = await claimer(store)({ slots: 1 });
  if (event === undefined) throw new Error('nothing was claimed');
  const seenDead = { seq: 4, status: 'dead', keySuffix: '', confirmedAtMs: null } as const;
  plain.exec('BEGIN IMMEDIATE');
  const before = rowsOf(plain);
  const verbs = [
    () => store.turn({ settlements: [settlementsOf(event).processed], claim: null, nowMs: startMs }),
    () => store.turn({ settlements: [], claim: claimRequest, nowMs: startMs }),
    () => store.takeOver({ slot: '05', nowMs: startMs }),
    () => store.resume({ nowMs: startMs, limit: 1 }),
    () => store.redrive({ events: [seenDead], keys: 'same', note: '', nowMs: startMs }),
    () => store.discard({ events: [seenDead], reason: 'why', nowMs: startMs }),
    () => store.prune({ beforeMs: startMs, limit: 1 }),
    () => store.log({ kind: 'fenced', detail: {}, nowMs: startMs }),
  ];
  for (const verb of verbs) {
    const error = await verb().then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(isBusy(error)).toBe(true);
  }
  expect(rowsOf(plain)).toEqual(before);
});

test('a turn with nothing to settle and nothing due asks for no lock', async () => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  const store = await openStore(file);
  plain.exec('BEGIN IMMEDIATE');
  const result = await store.turn({ settlements: [], claim: claimRequest, nowMs: startMs });
  expect(result).toMatchObject({ lost: [], claimed: [] });
});

test('the data version changes with the commits of others, never with its own', async () => {
  const file = newDatabaseFile();
  const plain = plainConnection(file);
  const store = await openStore(file);
  const before = store.dataVersion();
  await store.log({ kind: 'fenced', detail: {}, nowMs: startMs });
  expect(store.dataVersion()).toBe(before);
  insertEvents(plain, 1);
  expect(store.dataVersion()).not.toBe(before);
});
