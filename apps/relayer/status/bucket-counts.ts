// A histogram in plain numbers: what a delivery pays for being measured is one search in a short list and three additions.

/** Upper bounds in seconds, from a commit that was handed over at once to one that waited out an outage. */
export const latencyBounds: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200,
];
/** Upper bounds in seconds of what the database is locked for. */
export const turnBounds: readonly number[] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2];

export class BucketCounts {
  readonly bounds: readonly number[];
  /** One count per bound, and one for what is above the last; not cumulative. */
  readonly counts: number[];
  sum = 0;
  total = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(seconds: number): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += seconds;
    this.total += 1;
  }
}
