// Leaves the database alone for a while after a turn. SQLite's waiters sleep and poll, so turns back to back would starve
// the application's writes.
import { type Clock, sleep } from '../outbox/clock.ts';

/** A turn is followed by this many times its length without the lock. */
const gapFactor = 3;
const longestGapMs = 20;

/** How long to leave the database alone after holding its lock for `lockedMs`. */
export function gapAfterMs(lockedMs: number): number {
  return Math.min(lockedMs * gapFactor, longestGapMs);
}

/** Timers are good to about a millisecond; below that, only what the network has brought is looked at. */
export function leaveAlone(clock: Clock, pauseMs: number): Promise<void> {
  return pauseMs < 1 ? new Promise((resolve) => clock.soon(resolve)) : sleep(clock, pauseMs);
}
