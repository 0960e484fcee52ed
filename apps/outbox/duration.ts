// Durations as people write them: 500ms, 30s, 1m, 7d. A bare number is refused, since nobody can tell its unit;
// only 0 needs none.
import ms from 'ms';

/** Milliseconds of `text`, or null when it is not a duration. Fractions (`1.5s`) are rounded to whole ms. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/i.test(trimmed)) return null;
  const value = ms(trimmed as ms.StringValue);
  return Number.isFinite(value) ? Math.round(value) : null;
}

/** The shortest usual spelling of a number of milliseconds: 250ms, 5s, 2m, 7d. */
export function formatDuration(durationMs: number): string {
  return ms(Math.round(durationMs));
}
