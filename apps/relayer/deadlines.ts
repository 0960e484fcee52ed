// One timer for all that is under way and must end in time. A timer each was a seventh of what a delivery takes of JavaScript
// (docs/benchmarks.md, History). It knows no requests.
import type { Clock } from '../outbox/clock.ts';

/** What has a deadline. */
export interface Timed {
  /** Monotonic. */
  readonly untilMs: number;
  /** Called once, after the deadline, unless it was removed before. Must not throw. */
  expire(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #timed = new Set<Timed>();
  /** What the timer is set for; infinite while there is none. */
  #timerAtMs = Number.POSITIVE_INFINITY;
  #cancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
    if (timed.untilMs < this.#timerAtMs) this.#setTimer(timed.untilMs);
  }

  /** It has ended by itself. While there are others the timer stays: it is not later than what they need. */
  remove(timed: Timed): void {
    this.#timed.delete(timed);
    if (this.#timed.size === 0) this.#dropTimer();
  }

  #setTimer(atMs: number): void {
    this.#dropTimer();
    this.#timerAtMs = atMs;
    this.#cancelTimer = this.#clock.after(atMs - this.#clock.monotonicMs(), () => {
      const nowMs = this.#clock.monotonicMs();
      // When this process stood still, timers come before the answers that arrived meanwhile: those are looked at first. Whose deadline
      // passes only now, while that is done, has a look of its own before it is told.
      this.#cancelTimer = this.#clock.soon(() => this.#expire(nowMs));
    });
  }

  #dropTimer(): void {
    this.#cancelTimer();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  /** Tells those whose deadline had passed by `nowMs`, and sets the timer for the others before. */
  #expire(nowMs: number): void {
    const due: Timed[] = [];
    let nextAtMs = Number.POSITIVE_INFINITY;
    for (const timed of this.#timed) {
      if (timed.untilMs <= nowMs) due.push(timed);
      else nextAtMs = Math.min(nextAtMs, timed.untilMs);
    }
    if (nextAtMs < Number.POSITIVE_INFINITY) this.#setTimer(nextAtMs);
    for (const timed of due) {
      if (!this.#timed.has(timed)) continue;
      this.remove(timed);
      timed.expire();
    }
  }
}
