// Acceptances, told at a rate that people can read: each one while they are few, a summary a second when they are many.
import type { Clock } from '../outbox/clock.ts';
import { FewLines } from '../outbox/few-lines.ts';
import type { Log } from '../outbox/log.ts';
import type { ClaimedEvent } from '../outbox/store.ts';

export class AcceptanceLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lines: FewLines;
  #slowestMs = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#lines = new FewLines({ clock, log, summarize: (events) => this.#summarize(events) });
  }

  accepted(event: ClaimedEvent): void {
    const sinceCommitMs = Math.max(0, this.#clock.nowMs() - event.createdAtMs);
    if (this.#lines.admit()) {
      const { id, businessId: business, eventType: type } = event;
      this.#log.info('event accepted', { event: id, type, business, since_commit_ms: sinceCommitMs });
    } else {
      this.#slowestMs = Math.max(this.#slowestMs, sinceCommitMs);
    }
  }

  /** Tells what was held back, and starts a new second. */
  flush(): void {
    this.#lines.flush();
  }

  #summarize(events: number): void {
    this.#log.info('more events accepted', { events, slowest_since_commit_ms: this.#slowestMs });
    this.#slowestMs = 0;
  }
}
