// The words for how an event stands, and how many stand so.

/** Why a pending event is not due yet. */
export type WaitReason =
  /** The gateway was unavailable; due at once when it reopens. */
  | 'gateway'
  /** This event failed by its own fault; it keeps its backoff. */
  | 'retry'
  /** Its owner has no endpoint. */
  | 'endpoint'
  /** It seems to be this event's own fault, but there is not enough evidence to count it; it keeps its backoff. */
  | 'evidence';

/** Events by state; what is leased is pending, too. */
export interface OutboxCounts {
  readonly pending: number;
  readonly leased: number;
  readonly processed: number;
  readonly dead: number;
  readonly discarded: number;
}
