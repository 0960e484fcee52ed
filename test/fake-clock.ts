// A clock that a test owns: time passes only when the test says so, and timers run in order on the way.
import type { FineClock } from '../apps/outbox/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** More rounds without a pause than this are a tight loop. */
const mostRounds = 20_000;

export class FakeClock implements FineClock {
  #wallMs: number;
  #monotonicMs = 1_000;
  readonly #timers = new Set<Timer>();
  readonly #soon = new Set<() => void>();
  /**
   * What goes on outside of this time, such as an exchange over a real socket: the next thing to wait for, or null.
   * While there is something, no time passes.
   */
  outside: () => Promise<unknown> | null = () => null;

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    // Whole milliseconds, as Date.now() has them; the monotonic clock has fractions.
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  soon(callback: () => void): () => void {
    // Wrapped, so that the same function asked for twice runs twice.
    const entry = () => callback();
    this.#soon.add(entry);
    return () => void this.#soon.delete(entry);
  }

  shortly(callback: () => void): () => void {
    return this.after(0.1, callback);
  }

  /** Timers that wait. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let round = 0; round < mostRounds; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#soon.size === 0) {
        const outside = this.outside();
        if (outside === null) return;
        await outside;
      }
      const callbacks = [...this.#soon];
      this.#soon.clear();
      for (const callback of callbacks) callback();
    }
    throw new Error(`still busy after ${mostRounds} rounds without time passing: a tight loop`);
  }

  /** Time passes, and every timer on the way runs at its own instant. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    await this.settle();
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#timers.delete(next);
      this.#pass(next.dueMs - this.#monotonicMs);
      next.callback();
      await this.settle();
    }
    this.#pass(endMs - this.#monotonicMs);
    await this.settle();
  }

  /** Time passes until `isReached`; fails after `withinMs` of it. Returns how long it took. */
  async advanceUntil(isReached: () => boolean, withinMs: number): Promise<number> {
    const startMs = this.#monotonicMs;
    await this.settle();
    while (!isReached()) {
      const next = this.#next();
      if (next === undefined || next.dueMs - startMs > withinMs) {
        throw new Error(`not reached within ${withinMs} ms of simulated time`);
      }
      await this.advance(Math.max(0, next.dueMs - this.#monotonicMs));
    }
    return this.#monotonicMs - startMs;
  }

  /** Only the wall clock jumps, as when somebody sets it. */
  step(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** The process stands still: time passes and no timer runs (those that became due run at the next `advance`). */
  stall(durationMs: number): void {
    this.#pass(durationMs);
  }

  #pass(durationMs: number): void {
    this.#monotonicMs += Math.max(0, durationMs);
    this.#wallMs += Math.max(0, durationMs);
  }

  #next(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }
}
