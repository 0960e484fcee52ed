// The part of the store that reading back from Convoy needs. Every verb names the gateway: what one Convoy accepted,
// only the same Convoy can confirm.

/** An event that Convoy accepted, of which nothing has been read back yet. */
export interface UnconfirmedEvent {
  readonly seq: number;
  readonly id: string;
  /** The idempotency key: `id` with its suffix. */
  readonly key: string;
  /** Epoch ms as far as its writer knew: it may lie ahead, or be NaN. */
  readonly createdAtMs: number;
  /** When its acceptance was settled, epoch ms. */
  readonly acceptedAtMs: number;
  /** How often it was sent again because Convoy had lost it. */
  readonly resends: number;
}

/** A place in the order of acceptance: what follows it comes later, or at the same instant with a higher `seq`. */
export interface AcceptancePlace {
  readonly acceptedAtMs: number;
  /** 0 is before all of that instant. */
  readonly seq: number;
}

/** What a batch of keys read back came to. */
export interface Confirmation {
  /** Events stamped now. */
  readonly events: number;
  /** The latest acceptance among all events found by these keys, stamped now or before; null when there is none. */
  readonly newestAcceptedAtMs: number | null;
}

export interface ConfirmVerbs {
  /**
   * Events of a gateway that are neither confirmed nor reported, in the order of acceptance: those that follow `after`
   * up to and including `untilMs`, at most `limit`.
   */
  unconfirmed(request: {
    readonly gateway: string;
    readonly after: AcceptancePlace;
    readonly untilMs: number;
    readonly limit: number;
  }): Promise<readonly UnconfirmedEvent[]>;
  /** Stamps the events with these idempotency keys; what was reported of them is taken back. Unknown keys are ignored. */
  confirm(request: {
    readonly gateway: string;
    readonly keys: readonly string[];
    readonly nowMs: number;
  }): Promise<Confirmation>;
  /**
   * Moves events back to pending under their keys, due at once behind the fresh ones, unless they were confirmed or
   * re-sent meanwhile (`resends` differs). Each is recorded (`resent`). Returns how many.
   */
  resend(request: {
    readonly gateway: string;
    readonly events: readonly Pick<UnconfirmedEvent, 'seq' | 'resends'>[];
    readonly nowMs: number;
  }): Promise<number>;
  /**
   * Notes in `last_error` why accepted events will not be delivered, and records it (`undelivered`). Returns the keys of
   * those that had not been reported yet.
   */
  reportUndelivered(request: {
    readonly gateway: string;
    readonly events: readonly { readonly key: string; readonly reason: string }[];
    readonly nowMs: number;
  }): Promise<readonly string[]>;
}
