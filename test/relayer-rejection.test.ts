// A Convoy that changed, or a mistake of ours: good events are rejected by name, and none may be dead for that.
import { describe, expect, test } from 'vitest';
import { eventRow, insertEvents, statusCounts } from './outbox-database.ts';
import { accepted, createRig, type Rig, rejected, unavailable } from './relayer-rig.ts';
import { seededRandom } from './seeded-random.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function attempts({ db }: Rig): number {
  return Number(db.prepare('SELECT total(attempts) FROM events').pluck().get());
}

describe('a Convoy that rejects events by name', () => {
  test('whatever they are, counts nothing against any of them, however long it does, and one mishap afterwards makes none dead', async () => {
    const rig = await createRig({ maxAttempts: 3 });
    const { db, clock, convoy, start } = rig;
    insertEvents(db, 20);
    convoy.answer = () => rejected;
    void start();
    await clock.advance(hourMs);
    expect(attempts(rig)).toBe(0);
    expect(eventRow(db, 1)).toMatchObject({ wait_reason: 'evidence', last_error: rejected.reason });
    // All are well again but one, which fails now and then while the others are accepted.
    insertEvents(db, 100);
    let mishaps = 0;
    convoy.answer = ({ seq }) => (seq === 1 && mishaps++ < 2 ? unavailable() : accepted);
    await clock.advance(20 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 120 });
  });

  test('and comes back for a moment now and then, makes none dead', async () => {
    const rig = await createRig({ maxAttempts: 3 });
    const { db, clock, convoy, relayer, start } = rig;
    void start();
    for (let round = 0; round < 8; round++) {
      convoy.answer = () => rejected;
      insertEvents(db, 10);
      relayer.wake();
      await clock.advance(10 * minuteMs);
      convoy.answer = () => accepted;
      const before = convoy.accepted.length;
      await clock.advanceUntil(() => convoy.accepted.length > before + 2, 10 * minuteMs);
    }
    await clock.advance(20 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 80 });
  });

  test.each([0.5, 0.9])('a share of %f of the times, makes none dead', async (share) => {
    const { db, clock, convoy, start } = await createRig({ maxAttempts: 3 });
    const random = seededRandom(11);
    insertEvents(db, 100);
    convoy.answer = () => (random() < share ? rejected : accepted);
    void start();
    await clock.advance(5 * hourMs);
    expect(statusCounts(db).dead).toBeUndefined();
    convoy.answer = () => accepted;
    await clock.advance(10 * minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 100 });
  });
});
