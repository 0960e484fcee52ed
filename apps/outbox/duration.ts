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

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The shortest exact spelling of a number of milliseconds: 250ms, 5s, 90s, 2m, 7d. (`ms` itself rounds 1500 to 2s.) */
export function formatDuration(durationMs: number): string {
  const wholeMs = Math.round(durationMs);
  for (const [name, sizeMs] of units) {
    if (wholeMs >= sizeMs && wholeMs % sizeMs === 0) return `${wholeMs / sizeMs}${name}`;
  }
  return `${wholeMs}ms`;
}
