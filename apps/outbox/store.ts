// The seam between the relayer and a database: every verb the relayer needs and nothing else. Implementations are
// held to one contract suite (test/store-contract.ts). Instants are passed in as epoch milliseconds; a store never
// asks the time. Every verb is one short transaction.

import type { AuditVerbs } from './audit-verbs.ts';
import type { ConfirmVerbs } from './confirm-verbs.ts';
import type { WaitReason } from './event-state.ts';
import type { ListingVerbs } from './listing-verbs.ts';
import type { LiveVerbs } from './live-verbs.ts';
import type { LogEntry } from './log-entry.ts';
import type { OperatorVerbs } from './operator-verbs.ts';
import type { OverviewVerbs } from './overview-verbs.ts';
import type { OwnerVerbs } from './owner-verbs.ts';

/** An event as a relayer holds it: leased, and ready to be sent. */
export interface ClaimedEvent {
  readonly seq: number;
  readonly id: string;
  readonly keySuffix: string;
  readonly businessId: string;
  readonly eventType: string;
  /** The payload minified by the database, the same bytes every time; null when it is not JSON. */
  readonly payload: string | null;
  /** Custom headers as JSON text, or null. */
  readonly headers: string | null;
  /** Proof of this claim: settling needs it. */
  readonly leaseId: string;
  /** Failed answers so far that were this event's own fault. */
  readonly attempts: number;
  /** Claims without an outcome, this one included. */
  readonly claims: number;
  /** When it was appended, epoch ms; for logs. */
  readonly createdAtMs: number;
}

/** How a lease ends. */
export type Settlement = {
  readonly seq: number;
  readonly leaseId: string;
} & (
  | { readonly kind: 'processed'; readonly gateway: string }
  /** A counted attempt: due again at `availableAtMs`. */
  | { readonly kind: 'retry'; readonly availableAtMs: number; readonly error: string }
  | { readonly kind: 'dead'; readonly error: string; readonly countsAttempt: boolean }
  /** No attempt counted. */
  | {
      readonly kind: 'released';
      readonly availableAtMs: number;
      readonly waitReason: WaitReason | null;
      readonly error: string | null;
      /** `answered`: the claim had an outcome. `unsent`: it is taken back, as if never claimed. */
      readonly claim: 'answered' | 'unsent';
    }
);

export interface ClaimRequest {
  /** At most this many; at least 1. */
  readonly slots: number;
  /** Never used before; starts with the relayer's slot. */
  readonly leaseId: string;
  readonly leaseEndsAtMs: number;
  /** Only events due by then; 0 takes only those never delayed. */
  readonly dueByMs: number;
  /** Rows this process has in flight: never claimed again by it, even if their lease ran out or the clock stepped. */
  readonly exceptSeqs: readonly number[];
}

export interface TurnRequest {
  /** Each lease at most once for an event; in any order. */
  readonly settlements: readonly Settlement[];
  /** Null claims nothing. */
  readonly claim: ClaimRequest | null;
  readonly nowMs: number;
}

export interface TurnResult {
  /** Settlements that changed no row: the lease was lost to somebody else, whose outcome counts. */
  readonly lost: readonly Settlement[];
  /** In the order in which they were appended. */
  readonly claimed: readonly ClaimedEvent[];
  /** Somebody else has committed since the previous turn, and may wait for the write lock. */
  readonly othersWrote: boolean;
}

/** The verbs. Each rejects when the database does; nothing of a rejected verb was done. */
export interface OutboxStore
  extends AuditVerbs,
    ConfirmVerbs,
    ListingVerbs,
    LiveVerbs,
    OperatorVerbs,
    OverviewVerbs,
    OwnerVerbs {
  /**
   * Settles and claims in one transaction. Settling is fenced: only the holder of the lease id can; settlements that
   * came too late are recorded (`fenced`).
   */
  turn(request: TurnRequest): Promise<TurnResult>;
  /** The earliest instant after `nowMs` at which a pending event becomes due, or null. */
  nextDueAtMs(nowMs: number): Promise<number | null>;
  /**
   * Ends every lease of a slot whose holder is known to be dead. Interrupted once: due at once; more often: after
   * a backoff that doubles from 1 s to 5 min, so that a storm of kills spreads and a true culprit is soon alone. Not those of
   * `exceptToken`: a process that lost the slot, and may have its events in flight, is not dead.
   */
  takeOver(request: {
    readonly slot: string;
    readonly nowMs: number;
    readonly exceptToken?: string;
  }): Promise<number>;
  /**
   * Ends the leases with these ids, as if their events had never been claimed, for claims whose answer was lost: nobody may have their
   * events in flight. Skips what is locked. Returns how many.
   */
  giveBack(request: { readonly leaseIds: readonly string[] }): Promise<number>;
  /** The slots that hold leases. */
  slotsWithLeases(): Promise<readonly string[]>;
  /** Makes up to `limit` events that waited for the gateway due now; returns how many. */
  resume(request: { readonly nowMs: number; readonly limit: number }): Promise<number>;
  /** Puts up to `limit` events whose delay or lease has ended before all that were never delayed; returns how many. */
  promote(request: { readonly nowMs: number; readonly limit: number }): Promise<number>;
  /**
   * Makes due now up to `limit` events that a relayer has delayed to after `afterMs`, an instant beyond every delay it gives: the
   * clock was set back meanwhile. What the application itself scheduled for later waits on. Returns how many.
   */
  recall(request: {
    readonly afterMs: number;
    readonly nowMs: number;
    readonly limit: number;
  }): Promise<number>;
  /** Deletes up to `limit` events processed before `beforeMs`, of the given kind (default: any); returns how many. */
  prune(request: {
    readonly beforeMs: number;
    readonly limit: number;
    readonly which?: 'any' | 'confirmed' | 'unconfirmed';
    /** Leaves the record alone, which otherwise loses what is older and what is too much. */
    readonly keepsRecord?: boolean;
  }): Promise<number>;
  log(entry: LogEntry & { readonly nowMs: number }): Promise<void>;
  /** The newest record of that kind whose detail has all the given members, or null. */
  lastLogged(
    kind: LogEntry['kind'],
    members?: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>> | null>;
  /**
   * How many events this gateway accepted, among the 10,000 confirmed and the 10,000 unconfirmed ones that were accepted first: enough
   * for a gateway that came before all others.
   */
  acceptedBy(gateway: string): Promise<number>;
  /** Every gateway that has ever passed the start-up check on this database. */
  verifiedGateways(): Promise<readonly string[]>;
  close(): Promise<void>;
}
