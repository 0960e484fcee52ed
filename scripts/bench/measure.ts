// A figure and where it comes from: one value per run, out of so many samples each. Pure.
import { BenchError } from './bench-error.ts';
import { median, percentile } from './statistics.ts';

export type Unit = 'events/s' | 'ms' | 'us' | '%' | 'KB' | 'MB' | 'times' | 'ratio' | 'events';

export interface Measure {
  /** Stable over time, such as `drain.rate`: a history is read by it. */
  readonly name: string;
  /** What people read. */
  readonly label: string;
  readonly unit: Unit;
  /** One per run. */
  readonly values: readonly number[];
  /** What each of the values was made from. */
  readonly samplesPerRun: number;
}

/** A figure in one line: the median of the runs, the lowest and the highest. */
export interface Summary extends Omit<Measure, 'values'> {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly runs: number;
}

/** Sums a measure up. Throws when it has no value. */
export function summaryOf({ values, ...rest }: Measure): Summary {
  return {
    ...rest,
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    runs: values.length,
  };
}

/** Throws ERR_BENCH_COULD_NOT_RUN unless there are exactly as many samples as there must be: a figure of fewer means nothing. */
export function mustBe(what: string, actual: number, expected: number): void {
  if (actual === expected) return;
  throw new BenchError('ERR_BENCH_COULD_NOT_RUN', `${what}: expected ${expected}, got ${actual}`);
}

/** The median and the slow end of each run's samples, as one measure each. */
export function percentilesOf(
  { name, label }: { readonly name: string; readonly label: string },
  runs: readonly (readonly number[])[],
  percents: readonly number[] = [50, 95, 99],
): readonly Measure[] {
  return percents.map((percent) => ({
    name: `${name}.p${percent}`,
    label: `${label} p${percent}`,
    unit: 'ms' as const,
    values: runs.map((samples) => percentile(samples, percent)),
    samplesPerRun: Math.min(...runs.map(({ length }) => length)),
  }));
}
