// How long a benchmark still takes, told from how long took what is done. Works are weighed, since no two parts take the same
// time. It measures nothing.
import { spanText } from '../outbox/wording.ts';
import type { BenchSettings, PartName } from './config.ts';

export class Pace {
  readonly #nowMs: () => number;
  #startMs: number;
  #total = 0;
  #done = 0;
  /** When it should be over, as far as what is done tells. */
  #endMs = Number.NaN;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** So much work lies ahead, in whatever unit. */
  plan(work: number): void {
    this.#startMs = this.#nowMs();
    this.#total = work;
    this.#done = 0;
  }

  did(work: number): void {
    this.#done += work;
    const nowMs = this.#nowMs();
    this.#endMs = nowMs + ((nowMs - this.#startMs) / this.#done) * (this.#total - this.#done);
  }

  /** `about 40 s left`; empty before anything is done and when all is. */
  get leftText(): string {
    if (this.#done <= 0 || this.#done >= this.#total) return '';
    const seconds = Math.ceil((this.#endMs - this.#nowMs()) / 1_000);
    return `about ${spanText(Math.max(1, seconds) * 1_000)} left`;
  }
}

/** Seconds of one run of each part, half way between a quiet and a busy machine of two cores; only their ratios count. */
const secondsOf: Readonly<Record<PartName, number>> = {
  drain: 5,
  latency: 12,
  burst: 1,
  writer: 28,
  start: 5,
  recovery: 4,
  idle: 65,
  // Its drains and its arrivals are run apart; the time for filling the tables is told with them.
  flat: 17,
  confirm: 54,
  prune: 82,
  slots: 65,
  relayers: 90,
  // As long as it is told to.
  bloat: 0,
};

const warmsUpItself: readonly PartName[] = ['latency', 'confirm', 'prune', 'slots', 'relayers'];

/** Of one run of a part: its work. */
export function workOf(part: PartName, { pending, lastingMs = 0 }: WorkSettings): number {
  if (part === 'bloat') return lastingMs / 1_000;
  return part === 'drain' ? secondsOf.drain * (pending / 10_000) : secondsOf[part];
}

type WorkSettings = Pick<BenchSettings, 'pending'> & Partial<Pick<BenchSettings, 'lastingMs'>>;

/** Of a whole benchmark without peers: each part is run so often, and most of them once more to warm up. */
export function workOfAll({
  only,
  runs,
  ...settings
}: Pick<BenchSettings, 'only' | 'runs'> & WorkSettings): number {
  const timesOf = (part: PartName) => {
    if (part === 'idle' || part === 'bloat') return 1;
    const withWarmUp = runs > 1 && !warmsUpItself.includes(part) ? runs + 1 : runs;
    return part === 'flat' ? withWarmUp + runs : withWarmUp;
  };
  return only.reduce((sum, part) => sum + timesOf(part) * workOf(part, settings), 0);
}
