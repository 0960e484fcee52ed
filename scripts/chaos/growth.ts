// Whether something grows that should not: the median of the last third of a soak against that of the middle third. The first
// third is warming up. Medians, because memory goes up and down with every collection. Pure.
import { linesOf, type RecordLine, type Sample } from './record.ts';

export interface Series {
  /** Such as `memory of relayer-1 (4711)`. */
  readonly what: string;
  readonly unit: Sample['unit'];
  /** In the order of time. */
  readonly values: readonly number[];
  /** Median of the middle third. */
  readonly before: number;
  /** Median of the last third. */
  readonly after: number;
  /** The most that `after` may be. */
  readonly limit: number;
}

/** Less says nothing. */
const fewestSamples = 9;
/** A tenth, and what a runtime needs to breathe: 8 MiB; of descriptors as many as there are sockets in a pool. */
const allowance = { share: 0.1, bytes: 8 * 1_024 * 1_024, count: 8 } as const;

/** One series for each thing that was watched for long enough. */
export function seriesOf(record: readonly RecordLine[]): readonly Series[] {
  const all = new Map<string, Sample[]>();
  for (const sample of linesOf(record, 'samples').flatMap(({ samples }) => samples)) {
    all.set(sample.what, [...(all.get(sample.what) ?? []), sample]);
  }
  return [...all.values()].filter((samples) => samples.length >= fewestSamples).map(judged);
}

/** A sentence for each series that grew, and for a soak that saw too little. */
export function growths(record: readonly RecordLine[]): readonly string[] {
  const series = seriesOf(record);
  const isSoak = linesOf(record, 'run').some(({ soak }) => soak);
  if (isSoak && !series.some(({ what }) => what.startsWith('memory of relayer'))) {
    return ['no relayer was watched for long enough'];
  }
  return series
    .filter(({ after, limit }) => after > limit)
    .map(({ what, before, after }) => `${what} went from ${Math.round(before)} to ${Math.round(after)}`);
}

function judged(samples: readonly Sample[]): Series {
  const [first] = samples;
  const { what, unit } = first ?? { what: '', unit: 'count' };
  const values = samples.map(({ value }) => value);
  const third = Math.floor(values.length / 3);
  const before = median(values.slice(third, 2 * third));
  return {
    ...{ what, unit, values, before },
    after: median(values.slice(2 * third)),
    limit: before * (1 + allowance.share) + allowance[unit],
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
