// The part of the store by which a person decides over events: send them again, or never again. Each event is named with
// what the person saw of it; one that has changed since is left alone.
import type { EventView } from './listing-verbs.ts';

/** An event as the person saw it. */
export type SeenEvent = Pick<EventView, 'seq' | 'status' | 'keySuffix' | 'confirmedAtMs'>;

export interface OperatorVerbs {
  /**
   * Moves dead, discarded or processed events back to pending, due at once, with all counters at zero; `last_error` stays for
   * people to read. `new` keys get the suffix `~r2`, then `~r3` and so on: Convoy takes such an event for another one, and
   * a receiver that did get the first may get it twice. One record (`redriven`) in the same transaction, with `note` and
   * the events. Returns the `seq` of those moved.
   */
  redrive(request: {
    readonly events: readonly SeenEvent[];
    readonly keys: 'same' | 'new';
    readonly note: string;
    readonly nowMs: number;
  }): Promise<readonly number[]>;
  /**
   * Gives up dead events, and pending ones that nobody has leased: `discarded`, with the reason in front of `last_error`. One record
   * (`discarded`) in the same transaction. Returns the `seq` of those given up.
   */
  discard(request: {
    readonly events: readonly SeenEvent[];
    readonly reason: string;
    readonly nowMs: number;
  }): Promise<readonly number[]>;
  /** How many processed events `prune` could delete. */
  prunable(request: {
    readonly beforeMs: number;
  }): Promise<{ readonly confirmed: number; readonly unconfirmed: number }>;
}
