// What may be claimed, and when looking is worth it: the gateway's allowance, the free slots, and what is believed to be due.
// It makes the request for a turn; the loop takes the turn.
import type { Clock } from '../outbox/clock.ts';
import type { ClaimRequest, OutboxStore, TurnRequest, TurnResult } from '../outbox/store.ts';
import type { Due } from './due.ts';
import type { GatewayWatch } from './gateway-watch.ts';
import type { Window } from './window.ts';

export interface ClaimingParts {
  readonly store: Pick<OutboxStore, 'nextDueAtMs'>;
  readonly gateway: GatewayWatch;
  readonly window: Window;
  readonly due: Due;
  /** A lease id never used before. */
  readonly nextLeaseId: () => string;
  readonly clock: Clock;
  readonly leaseMs: number;
}

export class Claiming {
  readonly #parts: ClaimingParts;
  #isAllowed = false;
  #isHeld = false;

  constructor(parts: ClaimingParts) {
    this.#parts = parts;
  }

  /** From now on events may be claimed, or, from a stop on, no longer. */
  allow(isAllowed: boolean): void {
    this.#isAllowed = isAllowed;
  }

  /** While it is held nothing is claimed, allowed or not. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Whether a claim could find something for the slots that are free now. */
  get isWorthwhile(): boolean {
    return this.#claimable(0) !== null;
  }

  /** The claim for a turn that frees so many slots by settling, or null. */
  request(freed: number): ClaimRequest | null {
    const { due, clock, window, nextLeaseId, leaseMs } = this.#parts;
    const claimable = this.#claimable(freed);
    if (claimable === null) return null;
    due.claiming(claimable);
    const nowMs = clock.nowMs();
    return {
      slots: claimable.slots,
      leaseId: nextLeaseId(),
      leaseEndsAtMs: nowMs + leaseMs,
      dueByMs: claimable.freshOnly ? 0 : nowMs,
      exceptSeqs: window.unanswered().map(({ seq }) => seq),
    };
  }

  /** A full claim has left something behind; a short one has not, and the store knows when the next delay ends. */
  async done({ claim }: TurnRequest, { claimed }: TurnResult): Promise<void> {
    const { due, store } = this.#parts;
    if (claim === null) return;
    if (claimed.length === claim.slots) due.hint();
    else if (claim.dueByMs > 0) due.exhausted(await store.nextDueAtMs(claim.dueByMs));
  }

  #claimable(freed: number): { readonly slots: number; readonly freshOnly: boolean } | null {
    if (!this.#isAllowed || this.#isHeld) return null;
    const { gateway, window, due, clock } = this.#parts;
    const { slots, freshOnly } = gateway.allowance(clock.monotonicMs());
    const free = slots - window.size + freed;
    return free > 0 && due.isWorthClaiming({ freshOnly }) ? { slots: free, freshOnly } : null;
  }
}
