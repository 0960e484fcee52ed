// A latch that one loop waits on and anybody sets. Settings between two waits are not lost, and count once.
import type { Clock } from '../outbox/clock.ts';

export class Latch {
  readonly #clock: Clock;
  #isSet = false;
  #release: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(): void {
    this.#isSet = true;
    this.#release?.();
  }

  /** Resolves when the latch is set, or after `timeoutMs` (null waits for ever). The latch is then clear again. */
  async wait(timeoutMs: number | null): Promise<void> {
    if (!this.#isSet && (timeoutMs === null || timeoutMs > 0)) {
      await new Promise<void>((resolve) => {
        const cancel = timeoutMs === null ? () => {} : this.#clock.after(timeoutMs, () => this.#release?.());
        this.#release = () => {
          this.#release = null;
          cancel();
          resolve();
        };
      });
    }
    this.#isSet = false;
  }
}
