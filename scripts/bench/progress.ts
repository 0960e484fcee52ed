// What a person sees of a benchmark: a line for each run that is done, with the time left behind it, and on a terminal below them one
// that renews itself.
import { type Output, ProgressLine } from '../progress-line.ts';
import { monotonicMs } from './monotonic.ts';
import { Pace } from './pace.ts';

const renewEveryMs = 500;

export class Progress {
  readonly pace = new Pace(monotonicMs);
  readonly #line: ProgressLine;
  readonly #startMs = monotonicMs();
  readonly #timer: NodeJS.Timeout;

  constructor(output: Output) {
    this.#line = new ProgressLine(output);
    this.#timer = setInterval(
      () => this.#line.renew(this.#stamped(this.pace.leftText || 'measuring')),
      renewEveryMs,
    );
  }

  /** One line that stays. */
  readonly say = (text: string): void => {
    const left = this.#line.isTerminal ? '' : this.pace.leftText;
    this.#line.say(this.#stamped(left === '' ? text : `${text} (${left})`));
  };

  /** Stops telling. Harmless to repeat. */
  end(): void {
    clearInterval(this.#timer);
    this.#line.end();
  }

  #stamped(text: string): string {
    return `${((monotonicMs() - this.#startMs) / 1_000).toFixed(0).padStart(4)} s  ${text}`;
  }
}
