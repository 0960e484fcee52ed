// Waiting: sleeps that end early when they should, a latch that loses no call, and the form of an instant.
import { describe, expect, test } from 'vitest';
import { isoText, sleep, systemClock } from '../apps/outbox/clock.ts';
import { Latch } from '../apps/relayer/latch.ts';
import { FakeClock } from './fake-clock.ts';

/** Whether a promise has settled once everything has happened that needs no time. */
async function isDone(promise: Promise<void>, clock: FakeClock): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await clock.settle();
  return done;
}

describe('a sleep', () => {
  test('ends when its time has passed', async () => {
    const clock = new FakeClock();
    const sleeping = sleep(clock, 100);
    await clock.advance(99);
    expect(await isDone(sleeping, clock)).toBe(false);
    await clock.advance(1);
    expect(await isDone(sleeping, clock)).toBe(true);
  });

  test('ends at once when it is aborted, and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 100, controller.signal);
    controller.abort();
    expect(await isDone(sleeping, clock)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    expect(await isDone(sleep(clock, 100, controller.signal), clock)).toBe(true);
  });
});

describe("the system's clock", () => {
  test('calls back, unless it was told not to', async () => {
    const calls: string[] = [];
    systemClock.after(0, () => calls.push('cancelled'))();
    systemClock.soon(() => calls.push('cancelled'))();
    await new Promise<void>((resolve) => systemClock.soon(resolve));
    await new Promise<void>((resolve) => systemClock.after(-5, resolve));
    expect(calls).toEqual([]);
  });

  test('does not call back at once for a delay that Node cannot take', async () => {
    let isCalled = false;
    const cancel = systemClock.after(10_000_000_000, () => {
      isCalled = true;
    });
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
    cancel();
    expect(isCalled).toBe(false);
  });

  test('agrees with itself', () => {
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(10_000);
  });
});

test('an instant is written as Prisma and the schema write it', () => {
  expect(isoText(Date.UTC(2026, 0, 2, 3, 4, 5, 67))).toBe('2026-01-02T03:04:05.067+00:00');
});

describe('a latch', () => {
  test('that was set before the wait lets it through, once', async () => {
    const clock = new FakeClock();
    const latch = new Latch(clock);
    latch.set();
    latch.set();
    expect(await isDone(latch.wait(null), clock)).toBe(true);
    expect(await isDone(latch.wait(null), clock)).toBe(false);
  });

  test('ends a wait when it is set, and leaves no timer', async () => {
    const clock = new FakeClock();
    const latch = new Latch(clock);
    const waiting = latch.wait(1_000);
    expect(await isDone(waiting, clock)).toBe(false);
    latch.set();
    expect(await isDone(waiting, clock)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test('ends a wait at its timeout, and is clear afterwards', async () => {
    const clock = new FakeClock();
    const latch = new Latch(clock);
    const waiting = latch.wait(1_000);
    await clock.advance(1_000);
    expect(await isDone(waiting, clock)).toBe(true);
    expect(await isDone(latch.wait(1_000), clock)).toBe(false);
  });

  test('does not wait for a timeout of zero, and is clear afterwards', async () => {
    const clock = new FakeClock();
    const latch = new Latch(clock);
    latch.set();
    expect(await isDone(latch.wait(0), clock)).toBe(true);
    expect(await isDone(latch.wait(null), clock)).toBe(false);
  });
});
