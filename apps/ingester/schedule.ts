// When the next invoice is due. Pure.

/**
 * Whole intervals after the start, so that lateness never adds up, and always in the future, so that what a pause missed
 * is left out instead of made up for in one burst. All in ms of one clock.
 */
export function nextTickMs(given: {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly nowMs: number;
}): number {
  const { startMs, intervalMs, nowMs } = given;
  const passed = Math.floor((nowMs - startMs) / intervalMs);
  return startMs + (passed + 1) * intervalMs;
}
