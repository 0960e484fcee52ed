// Work that makes the event loop stand still waits for a moment in which it has little else to do, but not for ever.
import { expect, test } from 'vitest';
import { calmMoment } from '../apps/outbox/calm-moment.ts';
import { systemClock } from '../apps/outbox/clock.ts';
import { FakeClock } from './fake-clock.ts';

test('a busy process has no calm moment before the limit', async () => {
  const clock = new FakeClock();
  let isCalm = false;
  void calmMoment(clock, 200).then(() => {
    isCalm = true;
  });
  for (const before of [false, false, false, true]) {
    keepBusy(20);
    await clock.advance(50);
    expect(isCalm).toBe(before);
  }
});

test('an idle process has one at once', async () => {
  await calmMoment(systemClock, 3_600_000);
});

function keepBusy(ms: number): void {
  const endMs = systemClock.monotonicMs() + ms;
  while (systemClock.monotonicMs() < endMs);
}
