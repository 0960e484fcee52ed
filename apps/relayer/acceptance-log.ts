// Acceptances, told at a rate that people can read: each one while they are few, a summary a second when they are many.
import type { Clock } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';
import type { ClaimedEvent } from '../outbox/store.ts';

/** So many a second are told one by one. */
const toldOneByOne = 10;

export class AcceptanceLog {
  readonly #clock: Clock;
  readonly #log: Log;
  #told = 0;
  #untold = 0;
  #slowestMs = 0;
  #cancelSummary: (() => void) | null = null;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  accepted(event: ClaimedEvent): void {
    const sinceCommitMs = Math.max(0, this.#clock.nowMs() - event.createdAtMs);
    this.#cancelSummary ??= this.#clock.after(1_000, () => this.flush());
    if (this.#told < toldOneByOne) {
      this.#told += 1;
      const { id, businessId: business, eventType: type } = event;
      this.#log.info('event accepted', { event: id, type, business, since_commit_ms: sinceCommitMs });
    } else {
      this.#untold += 1;
      this.#slowestMs = Math.max(this.#slowestMs, sinceCommitMs);
    }
  }

  /** Tells what was held back, and starts a new second. */
  flush(): void {
    this.#cancelSummary?.();
    this.#cancelSummary = null;
    if (this.#untold > 0) {
      this.#log.info('more events accepted', {
        events: this.#untold,
        slowest_since_commit_ms: this.#slowestMs,
      });
    }
    this.#told = 0;
    this.#untold = 0;
    this.#slowestMs = 0;
  }
}
