// One timer for all that is under way and must end in time. A timer each would cost a delivery several times as much as its
// place in a set (docs/benchmarks.md). It knows no requests.
import type { Clock } from '../outbox/clock.ts';

/** What has a deadline. */
export interface Limited {
  /** Monotonic. */
  readonly untilMs: number;
  /** Called once, after the deadline, unless it was removed before. */
  expire(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #limited = new Set<Limited>();
  /** What the timer is set for; infinite while there is none. */
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(limited: Limited): void {
    this.#limited.add(limited);
    if (limited.untilMs < this.#timerAtMs) this.#setTimer(limited.untilMs);
  }

  /** It has ended by itself. While there are others the timer stays: it is not later than what they need. */
  remove(limited: Limited): void {
    this.#limited.delete(limited);
    if (this.#limited.size === 0) this.#dropTimer();
  }

  #setTimer(atMs: number): void {
    this.#dropTimer();
    this.#timerAtMs = atMs;
    this.#cancelTimer = this.#clock.after(atMs - this.#clock.monotonicMs(), () => {
      // When this process stood still, timers come before the answers that arrived meanwhile: those are looked at first.
      this.#cancelTimer = this.#clock.soon(() => this.#expire());
    });
  }

  #dropTimer(): void {
    this.#cancelTimer();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #expire(): void {
    this.#dropTimer();
    const nowMs = this.#clock.monotonicMs();
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const limited of this.#limited) {
      if (limited.untilMs > nowMs) {
        nextAtMs = Math.min(nextAtMs, limited.untilMs);
      } else {
        this.#limited.delete(limited);
        limited.expire();
      }
    }
    if (nextAtMs < Number.POSITIVE_INFINITY) this.#setTimer(nextAtMs);
  }
}
