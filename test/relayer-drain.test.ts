// The loop on a good day: everything pending is sent, in order, within the slots.
import { expect, test } from 'vitest';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { accepted, createRig, rejected, unavailable } from './relayer-rig.ts';

test('a backlog is drained in order, each event sent once', async () => {
  const { db, clock, convoy, start } = await createRig();
  const seqs = insertEvents(db, 100);
  void start();
  await clock.advance(10_000);
  expect(convoy.sent.map(({ seq }) => seq)).toEqual(seqs);
  expect(statusCounts(db)).toEqual({ processed: 100 });
});

test('never more events are in flight than there are slots, and all slots are used', async () => {
  const { db, clock, convoy, start } = await createRig({ concurrency: 5 });
  insertEvents(db, 50);
  void start();
  await clock.advance(10_000);
  expect(convoy.mostInFlight).toBe(5);
  expect(statusCounts(db)).toEqual({ processed: 50 });
});

test('a slot is freed by its settlement, not by the reply', async () => {
  const { db, clock, convoy, start } = await createRig({ concurrency: 2 });
  insertEvents(db, 6);
  void start();
  await clock.settle();
  expect(convoy.sent).toHaveLength(2);
  db.exec('BEGIN IMMEDIATE');
  // Both are answered, neither can be settled: a kill now would repeat two events, and not more.
  await clock.advance(2_000);
  expect(convoy.inFlight).toBe(0);
  expect(convoy.sent).toHaveLength(2);
  db.exec('COMMIT');
  await clock.advance(2_000);
  expect(convoy.sent.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('nothing is claimed before sending is allowed', async () => {
  const { db, clock, convoy, relayer } = await createRig();
  insertEvents(db, 3);
  void relayer.run();
  relayer.wake();
  await clock.advance(60_000);
  expect(convoy.sent).toEqual([]);
  expect(eventRow(db, 1)).toMatchObject({ lease_id: null, claims: 0 });
  relayer.allowSending();
  await clock.advance(100);
  expect(convoy.accepted).toEqual([1, 2, 3]);
});

test('an idle relayer sleeps until it is woken', async () => {
  const { db, clock, convoy, relayer, start } = await createRig();
  void start();
  await clock.advance(1_000);
  expect(clock.pendingTimers).toBe(0);
  insertEvent(db);
  await clock.advance(3_600_000);
  expect(convoy.sent).toEqual([]);
  relayer.wake();
  await clock.advance(10);
  expect(convoy.accepted).toEqual([1]);
});

test('a wake during a claim is not lost', async () => {
  const { db, clock, convoy, store, relayer, start } = await createRig();
  const turn = store.turn.bind(store);
  let commits = 0;
  // The commit comes in the worst moment: after the claim has looked, before the loop sleeps.
  store.turn = async (request) => {
    const result = await turn(request);
    if (request.claim !== null && commits < 20) {
      commits += 1;
      insertEvent(db);
      relayer.wake();
    }
    return result;
  };
  void start();
  await clock.advance(60_000);
  expect(commits).toBe(20);
  expect(convoy.accepted).toHaveLength(20);
});

test('an event that becomes due later is sent at its instant, without a wake', async () => {
  const { db, clock, convoy, start } = await createRig();
  insertEvent(db, { available_at: clock.nowMs() + 90_000 });
  insertEvent(db, { available_at: clock.nowMs() + 30_000 });
  const startMs = clock.monotonicMs();
  void start();
  await clock.advance(120_000);
  expect(convoy.sent.map(({ seq, atMs }) => [seq, atMs - startMs])).toEqual([
    [2, 30_000],
    [1, 90_000],
  ]);
});

test.each([
  { what: 'a failure nobody is blamed for', outcome: unavailable() },
  { what: 'a rejection', outcome: rejected },
])('after $what the event is tried again when its backoff ends, without a wake', async ({ outcome }) => {
  const { db, clock, convoy, start } = await createRig();
  insertEvent(db);
  convoy.answer = () => (convoy.sent.length < 3 ? outcome : accepted);
  void start();
  await clock.advanceUntil(() => convoy.accepted.length === 1, 10_000);
  const [first, second, third] = convoy.sent.map(({ atMs }) => atMs);
  expect((second ?? 0) - (first ?? 0)).toBeLessThanOrEqual(1_600);
  expect((third ?? 0) - (second ?? 0)).toBeLessThanOrEqual(3_200);
});

test('acceptances are told one by one while they are few, then summed up', async () => {
  const { db, clock, log, start } = await createRig();
  insertEvents(db, 50);
  void start();
  await clock.advance(5_000);
  expect(log.count('event accepted')).toBe(10);
  const summary = log.lines.find(({ message }) => message === 'more events accepted');
  expect(summary?.fields).toMatchObject({ events: 40 });
});
