// An outage, seen from the events: they wait, none loses an attempt, none dies, and all drain when Convoy is back.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../apps/relayer/outcome.ts';
import { FakeClock } from './fake-clock.ts';
import { eventRow, insertEvent, insertEvents, statusCounts } from './outbox-database.ts';
import { accepted, createRig, type Rig, rejected, unavailable } from './relayer-rig.ts';
import { seededRandom } from './seeded-random.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function attempts({ db }: Rig): number {
  return Number(db.prepare('SELECT total(attempts) FROM events').pluck().get());
}

/** A gateway whose answers come 5 ms after the first request that waits, all at once: so that many cost little. */
function answersTogether(clock: FakeClock, answer: () => Outcome): () => Promise<Outcome> {
  let waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      if (waiting.push(() => resolve(answer())) > 1) return;
      clock.after(5, () => {
        const due = waiting;
        waiting = [];
        for (const release of due) release();
      });
    });
}

describe('an outage', () => {
  test('of an hour burns no attempt of 10,000 waiting events, kills none, is told in few lines, and all drain after it', async () => {
    const clock = new FakeClock();
    let outcome: Outcome = unavailable();
    let sent = 0;
    const gateway = answersTogether(clock, () => {
      sent += 1;
      return outcome;
    });
    const rig = await createRig({ clock, deliver: gateway, concurrency: 500 });
    insertEvents(rig.db, 10_000);
    void rig.start();
    await clock.advance(hourMs);
    expect(statusCounts(rig.db)).toEqual({ pending: 10_000 });
    expect(attempts(rig)).toBe(0);
    // An event never tried may probe, one a second, however many there are.
    expect(sent).toBeLessThan(500 + 3_600);
    expect(rig.log.lines.filter(({ level }) => level !== 'debug').length).toBeLessThan(20);

    outcome = accepted;
    sent = 0;
    await clock.advance(minuteMs);
    expect(statusCounts(rig.db)).toEqual({ processed: 10_000 });
    expect(attempts(rig)).toBe(0);
    expect(sent).toBe(10_000);
    // Two seconds of work, which other test files may have to share the machine with.
  }, 60_000);

  test('in the middle of traffic burns no attempt either', async () => {
    const rig = await createRig();
    const { db, clock, convoy, start } = rig;
    insertEvents(db, 300);
    void start();
    await clock.advanceUntil(() => convoy.accepted.length >= 100, minuteMs);
    convoy.answer = () => unavailable();
    await clock.advance(20 * minuteMs);
    convoy.answer = () => accepted;
    await clock.advance(minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 300 });
    expect(attempts(rig)).toBe(0);
  });

  test('that hangs burns no attempt either', async () => {
    const rig = await createRig();
    const { db, clock, convoy, start } = rig;
    insertEvents(db, 30);
    convoy.latencyMs = null;
    void start();
    await clock.advance(hourMs);
    expect(attempts(rig)).toBe(0);
    convoy.latencyMs = 5;
    await clock.advance(2 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 30 });
  });

  test('costs Convoy no more than a probe at a time, ever rarer, then a ramp', async () => {
    const { db, clock, convoy, start } = await createRig();
    insertEvents(db, 100);
    convoy.answer = () => unavailable();
    void start();
    await clock.advance(hourMs);
    // 1 + 2 + 4 + 8 + 16 s and then every 30 s; and each event never tried may probe a second after the last failure.
    expect(convoy.sent.length).toBeLessThan(100 + 3_600 / 30 + 20);
    convoy.mostInFlight = 0;
    await clock.advance(hourMs);
    expect(convoy.mostInFlight).toBe(1);
    convoy.answer = () => accepted;
    await clock.advanceUntil(() => convoy.accepted.length >= 1, minuteMs);
    expect(convoy.mostInFlight).toBe(2);
    await clock.advanceUntil(() => convoy.accepted.length >= 3, minuteMs);
    expect(convoy.mostInFlight).toBe(4);
    await clock.advance(minuteMs);
    expect(convoy.mostInFlight).toBe(8);
    expect(convoy.accepted).toHaveLength(100);
  });

  test('ends for a new event within about a second of the healing', async () => {
    const { db, clock, convoy, relayer, start } = await createRig();
    insertEvents(db, 20);
    convoy.answer = () => unavailable();
    void start();
    await clock.advance(hourMs);
    convoy.answer = () => accepted;
    const seq = insertEvent(db);
    relayer.wake();
    expect(await clock.advanceUntil(() => convoy.accepted.includes(seq), minuteMs)).toBeLessThan(1_100);
  });

  test('with a Retry-After is left alone for exactly as long', async () => {
    const { db, clock, convoy, relayer, start } = await createRig();
    insertEvents(db, 3);
    convoy.answer = () => unavailable({ reason: 'HTTP 429: exceeded rate limit', retryAfterMs: minuteMs });
    void start();
    await clock.advance(1_000);
    const sent = convoy.sent.length;
    insertEvents(db, 5);
    relayer.wake();
    await clock.advance(minuteMs - 1_100);
    expect(convoy.sent).toHaveLength(sent);
    convoy.answer = () => accepted;
    await clock.advance(2 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 8 });
  });

  test('that a relayer did not live to see the end of is over for its successor at once', async () => {
    const first = await createRig();
    const { db, clock } = first;
    insertEvents(db, 6);
    first.convoy.answer = () => unavailable();
    const stopped = first.start();
    await clock.advance(hourMs);
    first.relayer.stop();
    await clock.settle();
    await stopped;
    const second = await createRig({ beside: first, slot: '01' });
    void second.start();
    await clock.advance(5_000);
    expect(statusCounts(db)).toEqual({ processed: 6 });
  });
});

describe('three hours of', () => {
  test.each([
    {
      what: 'errors for nine events of ten',
      answer: (random: () => number) => (random() < 0.9 ? unavailable() : accepted),
    },
    { what: 'an unknown 400 for all', answer: () => unavailable({ reason: 'HTTP 400: something new' }) },
    { what: 'a refused key', answer: () => unavailable({ reason: 'HTTP 401', check: 'CONVOY_API_KEY' }) },
    { what: 'rejections for all', answer: () => rejected },
  ])('$what makes no event dead', async ({ answer }) => {
    const { db, clock, convoy, start } = await createRig();
    const random = seededRandom(7);
    insertEvents(db, 20);
    convoy.answer = () => answer(random);
    void start();
    await clock.advance(3 * hourMs);
    expect(statusCounts(db).dead).toBeUndefined();
    convoy.answer = () => accepted;
    await clock.advance(10 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 20 });
  });

  test('one bad event alone makes it suspect, never dead', async () => {
    const rig = await createRig();
    const { db, clock, convoy, log, start } = rig;
    const seq = insertEvent(db);
    convoy.answer = () => unavailable();
    void start();
    await clock.advance(3 * hourMs);
    expect(eventRow(db, seq)).toMatchObject({ status: 'pending', attempts: 0, last_error: 'HTTP 503' });
    expect(log.count('event is suspect, no attempt counted')).toBeGreaterThan(10);
    expect(log.count('gateway unavailable, events wait')).toBe(0);
  });
});
