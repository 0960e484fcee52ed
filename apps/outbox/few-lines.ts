// How often a line about something frequent is written: each occurrence while they are few, one summary a second when they are
// many; at level `debug` all of them. What the lines say is the caller's.
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** So many a second are told one by one. */
const toldOneByOne = 10;

export interface FewLinesOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'level'>;
  /** Called at the end of a second, and by `flush`, with how many were not told by themselves; never with 0. */
  readonly summarize: (untold: number) => void;
}

export class FewLines {
  readonly #options: FewLinesOptions;
  #told = 0;
  #untold = 0;
  #cancelSummary: (() => void) | null = null;

  constructor(options: FewLinesOptions) {
    this.#options = options;
  }

  /** Whether this one is told by itself. Else it is counted. */
  admit(): boolean {
    const { clock, log } = this.#options;
    if (log.level === 'debug') return true;
    this.#cancelSummary ??= clock.after(1_000, () => this.flush());
    if (this.#told < toldOneByOne) {
      this.#told += 1;
      return true;
    }
    this.#untold += 1;
    return false;
  }

  /** Sums up what was held back, and starts a new second. */
  flush(): void {
    this.#cancelSummary?.();
    this.#cancelSummary = null;
    const untold = this.#untold;
    this.#told = 0;
    this.#untold = 0;
    if (untold > 0) this.#options.summarize(untold);
  }
}
