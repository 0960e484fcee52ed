// How long an event waits after a failure.

const firstWaitMs = 1_000;
/** Without its jitter. */
export const longestBackoffMs = 300_000;

/**
 * 1 s doubling to 5 min, spread by half either way so that events that failed together do not return together.
 * `failures` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const doubled = firstWaitMs * 2 ** Math.min(Math.max(0, failures - 1), 20);
  return Math.round(Math.min(doubled, longestBackoffMs) * (0.5 + random));
}
