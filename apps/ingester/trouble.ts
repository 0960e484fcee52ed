// What goes wrong again and again is said once, and so is its end. It also says how long to wait, so that trouble never
// becomes a tight loop.
import type { Clock } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';

const firstPauseMs = 100;
const longestPauseMs = 5_000;

export interface TroubleOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What the log says when it begins, and when it is over. */
  readonly began: string;
  readonly ended: string;
  /** Default 5 s. */
  readonly longestPauseMs?: number | undefined;
}

export class Trouble {
  readonly #options: TroubleOptions;
  #failures = 0;
  #reason = '';
  #sinceMs = 0;

  constructor(options: TroubleOptions) {
    this.#options = options;
  }

  /** One more failure: logged unless the one before had the same reason. */
  failed(reason: string): void {
    if (this.#failures === 0) this.#sinceMs = this.#options.clock.monotonicMs();
    this.#failures += 1;
    if (reason !== this.#reason) this.#options.log.error(this.#options.began, { reason });
    this.#reason = reason;
  }

  /** It worked: logged when it had not before. */
  succeeded(): void {
    if (this.#failures === 0) return;
    const { clock, log, ended } = this.#options;
    log.info(ended, { failures: this.#failures, down_ms: Math.round(clock.monotonicMs() - this.#sinceMs) });
    this.#failures = 0;
    this.#reason = '';
  }

  /** The least time to wait before trying again: 0 without trouble, 100 ms doubling to the longest with it. */
  get pauseMs(): number {
    const longestMs = this.#options.longestPauseMs ?? longestPauseMs;
    return this.#failures === 0 ? 0 : Math.min(firstPauseMs * 2 ** (this.#failures - 1), longestMs);
  }
}
