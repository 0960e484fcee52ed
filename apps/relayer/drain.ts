// The end of a relayer: how long a stop waits for answers, and when it gives up on the database too.
import type { Clock } from '../outbox/clock.ts';

/** A database that cannot be written for so long after the drain is left to the next relayer's takeover. */
const lastSettleMs = 2_000;

export class Drain {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #untilMs: number | null = null;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Starts the time; later calls change nothing. */
  begin(): void {
    this.#untilMs ??= this.#clock.monotonicMs() + this.#timeoutMs;
  }

  get isOn(): boolean {
    return this.#untilMs !== null;
  }

  /** Milliseconds until answers are waited for no longer (0 or less: now), or null when there is no drain. */
  get leftMs(): number | null {
    return this.#untilMs === null ? null : this.#untilMs - this.#clock.monotonicMs();
  }

  /** Whether everything is settled, or cannot be any more. */
  isDone(inFlight: number): boolean {
    const { leftMs } = this;
    return leftMs !== null && (inFlight === 0 || leftMs < -lastSettleMs);
  }
}
