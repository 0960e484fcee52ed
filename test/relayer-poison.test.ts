// An event that can never be delivered ends as dead, with its reason, and holds up no other.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../apps/relayer/outcome.ts';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { accepted, createRig, rejected, unavailable } from './relayer-rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Traffic with one poison event in it for half an hour, and a minute of peace after it. */
async function traffic(outcome: Outcome) {
  const rig = await createRig();
  const { db, clock, convoy, relayer } = rig;
  const poison = insertEvent(db, { id: 'poison' });
  convoy.answer = (event) => (event.id === 'poison' ? outcome : accepted);
  void rig.start();
  for (let n = 0; n < 900; n++) {
    await clock.advance(2_000);
    insertEvent(db);
    relayer.wake();
  }
  await clock.advance(minuteMs);
  return { ...rig, row: eventRow(db, poison), poison };
}

describe('a poison event in the middle of traffic', () => {
  test.each([
    { what: 'rejected', outcome: rejected },
    {
      what: 'answered with errors while all others are accepted',
      outcome: unavailable({ reason: 'HTTP 500' }),
    },
  ])('$what ends dead after its attempts, with the reason, and all others pass', async ({ outcome }) => {
    const { db, convoy, row, log, poison } = await traffic(outcome);
    expect(row).toMatchObject({ status: 'dead', attempts: 10, lease_id: null });
    expect(row.last_error).toBe('reason' in outcome ? outcome.reason : '');
    expect(log.count('event dead')).toBe(1);
    expect(convoy.accepted).toHaveLength(900);
    expect(statusCounts(db)).toEqual({ dead: 1, processed: 900 });
    expect(convoy.sent.filter(({ seq }) => seq === poison).length).toBeLessThanOrEqual(12);
  });

  test('delays nobody: every other event is accepted within a second of its commit', async () => {
    const { log } = await traffic(rejected);
    expect(log.count('gateway unavailable, events wait')).toBe(0);
  });

  test('that makes a proxy refuse it costs the others a second per attempt at most', async () => {
    const { convoy, row } = await traffic(unavailable({ reason: 'HTTP 403', check: 'CONVOY_API_KEY' }));
    console.log(row, convoy.sent.length, convoy.accepted.length);expect(row.status).toBe("dead");
    expect(convoy.accepted).toHaveLength(900);
    const gaps = convoy.sent.map(({ atMs }, index) => atMs - (convoy.sent[index - 1]?.atMs ?? atMs));
    expect(Math.max(...gaps)).toBeLessThan(2_100);
  });
});

test('a rejected event alone is held at its limit until another event is accepted, then dies', async () => {
  const rig = await createRig({ maxAttempts: 3 });
  const { db, clock, convoy, log, relayer, start } = rig;
  const poison = insertEvent(db, { id: 'poison' });
  convoy.answer = (event) => (event.id === 'poison' ? rejected : accepted);
  void start();
  await clock.advance(hourMs);
  expect(eventRow(db, poison)).toMatchObject({ status: 'pending', attempts: 2, wait_reason: 'evidence' });
  expect(log.count('event rejected to the limit, held until another event is accepted')).toBeGreaterThan(0);
  insertEvent(db);
  relayer.wake();
  await clock.advance(10 * minuteMs);
  expect(eventRow(db, poison)).toMatchObject({ status: 'dead', attempts: 3 });
});

test('a row that Convoy would accept and never deliver is never sent', async () => {
  const { db, clock, convoy, start } = await createRig();
  insertEvent(db);
  const nul = insertEvent(db, { payload: '{"text":"a\\u0000b"}' });
  const header = insertEvent(db, { headers: '{"bad name":"x"}' });
  const spoiled = insertEvent(db);
  insertEvent(db);
  db.pragma('ignore_check_constraints = 1');
  db.prepare(`UPDATE events SET payload = '{"cut' WHERE seq = ?`).run(spoiled);
  void start();
  await clock.advance(1_000);
  expect(convoy.sent.map(({ seq }) => seq)).toEqual([1, 5]);
  for (const seq of [nul, header, spoiled]) {
    const row = eventRow(db, seq);
    expect(row).toMatchObject({ status: 'dead', attempts: 0, claims: 0 });
    expect(row.last_error).toMatch(/payload|header/);
  }
});

test('an event that killed its relayer too often is dead, and one that did so less often is sent', async () => {
  const { db, clock, convoy, start } = await createRig({ maxInterruptions: 20 });
  const culprit = insertEvent(db, { claims: 20 });
  const victim = insertEvent(db, { claims: 19 });
  void start();
  await clock.advance(1_000);
  expect(eventRow(db, culprit)).toMatchObject({
    status: 'dead',
    last_error: 'interrupted 20 times: each relayer that held it died',
  });
  expect(convoy.accepted).toEqual([victim]);
});

test('a storm of kills makes nothing dead', async () => {
  const first = await createRig({ concurrency: 8 });
  const { db, clock } = first;
  insertEvents(db, 40);
  first.convoy.latencyMs = 1_000;
  void first.start();
  await clock.advance(100);
  // Each round: the relayer dies with its slots full, its successor takes over and claims. The dead one's answers are
  // never settled, because nobody runs its loop any more.
  for (let kill = 0; kill < 120; kill++) {
    await first.store.takeOver({ slot: '00', nowMs: clock.nowMs() });
    const next = await createRig({ beside: first, slot: '00', concurrency: 8 });
    next.convoy.deliver = () => new Promise(() => {});
    void next.start();
    await clock.advance(100);
  }
  await first.store.takeOver({ slot: '00', nowMs: clock.nowMs() });
  const last = await createRig({ beside: first, slot: '00' });
  void last.start();
  await clock.advance(hourMs);
  expect(statusCounts(db)).toEqual({ processed: 40 });
});
