// One timer for many deadlines: each is kept, and no timer is left when nothing waits.
import { expect, test } from 'vitest';
import { Deadlines } from '../apps/relayer/deadlines.ts';
import { FakeClock } from './fake-clock.ts';

/** Deadlines on a clock of the test's, and what has expired, each with the milliseconds since the start. */
function scene() {
  const clock = new FakeClock();
  const startMs = clock.monotonicMs();
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const limited = (name: string, forMs: number) => ({
    untilMs: clock.monotonicMs() + forMs,
    expire: () => void expired.push(`${name} at ${clock.monotonicMs() - startMs}`),
  });
  return { clock, deadlines, expired, limited };
}

test('each expires once at its own time, however they were added', async () => {
  const { clock, deadlines, expired, limited } = scene();
  for (const [name, forMs] of [
    ['b', 200],
    ['a', 100],
    ['d', 400],
    ['c', 300],
  ] as const) {
    deadlines.add(limited(name, forMs));
  }
  await clock.advance(1_000);
  expect(expired).toEqual(['a at 100', 'b at 200', 'c at 300', 'd at 400']);
  expect(clock.pendingTimers).toBe(0);
});

test('there is one timer for all, and none when all have ended by themselves', async () => {
  const { clock, deadlines, expired, limited } = scene();
  const all = Array.from({ length: 64 }, (_, index) => limited(String(index), 100 + (index % 7)));
  for (const one of all) deadlines.add(one);
  expect(clock.pendingTimers).toBe(1);
  for (const one of all) deadlines.remove(one);
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(1_000);
  expect(expired).toEqual([]);
});

test('what comes after all others have ended has a timer again', async () => {
  const { clock, deadlines, expired, limited } = scene();
  const first = limited('first', 500);
  deadlines.add(first);
  deadlines.remove(first);
  deadlines.add(limited('second', 900));
  await clock.advance(1_000);
  expect(expired).toEqual(['second at 900']);
});

test('the one that was waited for ends in time: the others are still kept', async () => {
  const { clock, deadlines, expired, limited } = scene();
  const soonest = limited('soonest', 100);
  deadlines.add(soonest);
  deadlines.add(limited('later', 250));
  deadlines.remove(soonest);
  await clock.advance(1_000);
  expect(expired).toEqual(['later at 250']);
});

test('what expires may add another', async () => {
  const { clock, deadlines, expired, limited } = scene();
  const next = () => limited('next', 100);
  deadlines.add({ untilMs: clock.monotonicMs() + 100, expire: () => deadlines.add(next()) });
  await clock.advance(1_000);
  expect(expired).toEqual(['next at 200']);
});
