// An event that can never be delivered ends as dead, with its reason, and holds up no other.
import { describe, expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { Outcome } from '../apps/relayer/outcome.ts';
import { FakeClock } from './fake-clock.ts';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { accepted, createRig, type Rig, rejected, unavailable } from './relayer-rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Traffic with one poison event in it: an event every five seconds, and a minute of peace after them. */
async function traffic(outcome: Outcome, events: number) {
  const rig = await createRig();
  const { db, clock, convoy, relayer } = rig;
  const poison = insertEvent(db, { id: 'poison' });
  convoy.answer = (event) => (event.id === 'poison' ? outcome : accepted);
  void rig.start();
  for (let n = 0; n < events; n++) {
    await clock.advance(5_000);
    insertEvent(db, { created_at: isoText(clock.nowMs()) });
    relayer.wake();
  }
  await clock.advance(minuteMs);
  return { ...rig, row: eventRow(db, poison), poison };
}

/** The longest that any event but the poison waited, from its commit to its acceptance. */
function slowest({ log }: Rig): number {
  return Math.max(...log.lines.map(({ fields }) => Number(fields.since_commit_ms ?? 0)));
}

describe('a poison event in the middle of traffic', () => {
  test.each([
    { what: 'rejected', outcome: rejected, events: 500 },
    {
      what: 'answered with errors, all others accepted',
      outcome: unavailable({ reason: 'HTTP 500' }),
      events: 700,
    },
  ])(
    '$what, ends dead after its attempts, with the reason, and delays nobody',
    async ({ outcome, events }) => {
      const rig = await traffic(outcome, events);
      const { db, convoy, row, log, poison } = rig;
      expect(row).toMatchObject({ status: 'dead', attempts: 10, lease_id: null, last_error: outcome.reason });
      expect(log.count('event dead')).toBe(1);
      expect(statusCounts(db)).toEqual({ dead: 1, processed: events });
      expect(convoy.sent.filter(({ seq }) => seq === poison).length).toBeLessThanOrEqual(20);
      expect(slowest(rig)).toBeLessThan(100);
    },
  );

  test('refused by a firewall, delays nobody by more than a second, is hardly ever sent, and ends dead', async () => {
    const rig = await traffic(unavailable({ reason: 'HTTP 403', check: 'CONVOY_API_KEY' }), 700);
    const { convoy, db, log, row, poison } = rig;
    expect(row).toMatchObject({ status: 'dead', attempts: 10, last_error: 'HTTP 403' });
    expect(statusCounts(db)).toEqual({ dead: 1, processed: 700 });
    expect(slowest(rig)).toBeLessThan(1_100);
    expect(convoy.sent.filter(({ seq }) => seq === poison).length).toBeLessThanOrEqual(20);
    expect(log.count('gateway refuses, events wait')).toBeLessThanOrEqual(2);
  });

  test('refused by a firewall, with two more of its kind: they part, and each waits by itself', async () => {
    const rig = await createRig();
    const { db, clock, convoy, log, relayer } = rig;
    insertEvents(db, 3, { business_id: 'poison' });
    const refused = unavailable({ reason: 'HTTP 403', check: 'CONVOY_API_KEY' });
    convoy.answer = (event) => (event.businessId === 'poison' ? refused : accepted);
    void rig.start();
    for (let n = 0; n < 60; n++) {
      await clock.advance(30_000);
      insertEvent(db, { created_at: isoText(clock.nowMs()) });
      relayer.wake();
    }
    await clock.advance(1_000);
    expect(statusCounts(db)).toEqual({ pending: 3, processed: 60 });
    // Were they due again with each reopening: 194 sends and 61 pauses.
    expect(convoy.sent.length - 60).toBeLessThan(60);
    expect(log.count('gateway refuses, events wait')).toBeLessThan(10);
    expect(slowest(rig)).toBeLessThan(1_100);
  });

  test('that draws a Retry-After each time, delays the others by that once', async () => {
    const outcome = unavailable({ reason: 'HTTP 503', retryAfterMs: 20_000 });
    const rig = await traffic(outcome, 100);
    expect(statusCounts(rig.db)).toEqual({ pending: 1, processed: 100 });
    expect(slowest(rig)).toBeLessThan(20_100);
    expect(rig.log.count('gateway unavailable, events wait')).toBe(1);
  });
});

test('a rejected event alone is held, tried ever more rarely, and dies once others are accepted between', async () => {
  const rig = await createRig({ maxAttempts: 3 });
  const { db, clock, convoy, log, relayer, start } = rig;
  const poison = insertEvent(db, { id: 'poison' });
  convoy.answer = (event) => (event.id === 'poison' ? rejected : accepted);
  void start();
  await clock.advance(10 * hourMs);
  expect(eventRow(db, poison)).toMatchObject({ status: 'pending', attempts: 0, wait_reason: 'evidence' });
  expect(eventRow(db, poison).last_error).toBe(rejected.reason);
  // Every 5 minutes with its jitter, after the first few.
  expect(convoy.sent.length).toBeLessThan(10 * 20 + 10);
  expect(log.count('event rejected, held until another event is accepted')).toBe(convoy.sent.length);
  for (let other = 1; other <= 3; other++) {
    insertEvent(db);
    relayer.wake();
    await clock.advance(10 * minuteMs);
    expect(eventRow(db, poison)).toMatchObject({
      attempts: other,
      status: other < 3 ? 'pending' : 'dead',
    });
  }
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

test('an event over which this program stumbles is held, told without its payload, and stops no other', async () => {
  const sent: number[] = [];
  let isMended = false;
  const { db, clock, log, start } = await createRig({
    deliver: async ({ seq, payload }) => {
      if (seq === 2 && !isMended) throw new SyntaxError(`Unexpected token in ${payload}`);
      sent.push(seq);
      return accepted;
    },
  });
  insertEvents(db, 3, { payload: '{"name":"confidential"}' });
  void start();
  await clock.advance(minuteMs);
  expect(sent).toEqual([1, 3]);
  expect(eventRow(db, 2)).toMatchObject({
    status: 'pending',
    wait_reason: 'evidence',
    attempts: 0,
    claims: 0,
  });
  expect(eventRow(db, 2).last_error).toMatch(/^could not be sent: SyntaxError at /);
  expect(log.count('event held, this program made a mistake')).toBe(1);
  expect(JSON.stringify(log.lines) + eventRow(db, 2).last_error).not.toContain('confidential');
  isMended = true;
  await clock.advance(5 * minuteMs);
  expect(statusCounts(db)).toEqual({ processed: 3 });
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

test('a storm of kills makes nothing dead, and spreads over the backlog', async () => {
  const first = await createRig();
  insertEvents(first.db, 40);
  let rig = first;
  for (let kill = 0; kill < 240; kill++) {
    rig.convoy.latencyMs = 1_000;
    void rig.start();
    await rig.clock.advance(500);
    // It dies with what it holds: its clock never moves again. Its successor takes over at once.
    rig = await createRig({ beside: first, clock: new FakeClock(rig.clock.nowMs()) });
    await rig.store.takeOver({ slot: '00', nowMs: rig.clock.nowMs() });
  }
  void rig.start();
  await rig.clock.advance(hourMs);
  expect(statusCounts(first.db)).toEqual({ processed: 40 });
});
