// What the loop believes about events that are due: whether a claim could find something, and when the next delay ends.
// It may only err towards looking once too often.
import type { Settlement } from '../outbox/store.ts';

export class Due {
  /** Whether something may be due that the last claim did not see; likewise for events never delayed. */
  #mayBeDue = true;
  #mayBeFresh = true;
  /** Epoch ms; null when nothing is known to wait. */
  #nextAtMs: number | null = null;

  /** Somebody may have committed, or made something due. */
  hint(): void {
    this.#mayBeDue = true;
    this.#mayBeFresh = true;
  }

  /** Whether a claim could find anything; `freshOnly` asks for events never delayed. */
  isWorthClaiming({ freshOnly }: { readonly freshOnly: boolean }): boolean {
    return freshOnly ? this.#mayBeFresh : this.#mayBeDue;
  }

  /** Before a claim: a hint that comes while it runs must not be lost, so what was believed is dropped first. */
  claiming({ freshOnly }: { readonly freshOnly: boolean }): void {
    this.#mayBeFresh = false;
    if (!freshOnly) this.#mayBeDue = false;
  }

  /** After a short claim nothing is due before `nextAtMs`, unless somebody says so. */
  exhausted(nextAtMs: number | null): void {
    this.#nextAtMs = nextAtMs;
  }

  /** After a turn: what it settled may be due again sooner than anything known so far. */
  settled(settlements: readonly Settlement[]): void {
    for (const settlement of settlements) {
      if (!('availableAtMs' in settlement)) continue;
      this.#nextAtMs = Math.min(this.#nextAtMs ?? settlement.availableAtMs, settlement.availableAtMs);
    }
  }

  /** Milliseconds until the earliest known delay ends, or null. A delay that has ended counts as a hint. */
  nextInMs(nowMs: number): number | null {
    if (this.#nextAtMs !== null && this.#nextAtMs <= nowMs) {
      this.#nextAtMs = null;
      this.hint();
    }
    return this.#nextAtMs === null ? null : this.#nextAtMs - nowMs;
  }
}
