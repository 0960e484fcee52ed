// Quantiles of a handful of numbers, by rank: a value that was measured, never one between two.

/** The smallest value that `share` of the values do not exceed; null of none. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
