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
  const timed = (name: string, forMs: number) => ({
    untilMs: clock.monotonicMs() + forMs,
    expire: () => void expired.push(`${name} at ${clock.monotonicMs() - startMs}`),
  });
  return { clock, deadlines, expired, timed };
}

test('each expires once at its own time, however they were added', async () => {
  const { clock, deadlines, expired, timed } = scene();
  for (const [name, forMs] of [
    ['b', 200],
    ['a', 100],
    ['d', 400],
    ['c', 300],
  ] as const) {
    deadlines.add(timed(name, forMs));
  }
  await clock.advance(1_000);
  expect(expired).toEqual(['a at 100', 'b at 200', 'c at 300', 'd at 400']);
  expect(clock.pendingTimers).toBe(0);
});

test('there is one timer for all, and none when all have ended by themselves', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const all = Array.from({ length: 64 }, (_, index) => timed(String(index), 100 + (index % 7)));
  for (const one of all) deadlines.add(one);
  const soonest = timed('soonest', 50);
  deadlines.add(soonest);
  expect(clock.pendingTimers).toBe(1);
  for (const one of [...all, soonest]) deadlines.remove(one);
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(1_000);
  expect(expired).toEqual([]);
});

test('what comes after all others have ended has a timer again', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const first = timed('first', 500);
  deadlines.add(first);
  deadlines.remove(first);
  deadlines.add(timed('second', 900));
  await clock.advance(1_000);
  expect(expired).toEqual(['second at 900']);
});

test('the one that was waited for ends in time: the others are still kept', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const soonest = timed('soonest', 100);
  deadlines.add(soonest);
  deadlines.add(timed('later', 250));
  deadlines.remove(soonest);
  await clock.advance(1_000);
  expect(expired).toEqual(['later at 250']);
});

test('what expires may add another', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const next = () => timed('next', 100);
  deadlines.add({ untilMs: clock.monotonicMs() + 100, expire: () => deadlines.add(next()) });
  await clock.advance(1_000);
  expect(expired).toEqual(['next at 200']);
});

test('when all have expired the next one has a timer', async () => {
  const { clock, deadlines, expired, timed } = scene();
  deadlines.add(timed('first', 100));
  await clock.advance(200);
  deadlines.add(timed('second', 100));
  await clock.advance(200);
  expect(expired).toEqual(['first at 100', 'second at 300']);
});

test('what expires may end others: none of them is told, and no timer is left', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const others = [timed('later', 300), timed('as late', 100)];
  const endOthers = () => {
    for (const other of others) deadlines.remove(other);
  };
  deadlines.add({ untilMs: clock.monotonicMs() + 100, expire: endOthers });
  for (const other of others) deadlines.add(other);
  await clock.advance(100);
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(1_000);
  expect(expired).toEqual([]);
});

test('none is told early by a timer that is: those of Node cut off fractions of a millisecond', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const after = clock.after.bind(clock);
  clock.after = (delayMs, callback) => after(Math.max(1, Math.floor(delayMs)), callback);
  deadlines.add(timed('early', 100.75));
  await clock.advance(100);
  expect(expired).toEqual([]);
  await clock.advance(1);
  expect(expired).toEqual(['early at 101']);
});

test('what becomes due while the process stands still has a look at I/O of its own', async () => {
  const { clock, deadlines, expired, timed } = scene();
  const soon = clock.soon.bind(clock);
  clock.soon = (callback) =>
    soon(() => {
      expired.push('looked');
      clock.stall(500);
      callback();
    });
  deadlines.add(timed('first', 100));
  deadlines.add(timed('second', 300));
  await clock.advance(100);
  await clock.advance(100);
  expect(expired).toEqual(['looked', 'first at 600', 'looked', 'second at 1100']);
});
