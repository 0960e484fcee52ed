// Finds a moment in which this process has little else to do, for work that makes the event loop stand still.
import { busyShareSince, type Clock, sleep } from './clock.ts';

const lookEveryMs = 50;
/** Of the time since the last look. */
const busyShare = 0.5;

/** Resolves when the event loop has mostly waited for 50 ms, or at the latest after `withinMs`. Never rejects. */
export async function calmMoment(clock: Clock, withinMs: number): Promise<void> {
  const untilMs = clock.monotonicMs() + withinMs;
  while (clock.monotonicMs() < untilMs) {
    const busySinceNow = busyShareSince();
    await sleep(clock, lookEveryMs);
    if (busySinceNow() < busyShare) return;
  }
}
