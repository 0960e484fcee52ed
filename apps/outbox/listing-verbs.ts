// The part of the store that lets a person look for events: which, how many, and the life of one. It changes nothing.

import type { WaitReason } from './event-state.ts';
import type { LogRecord } from './overview-verbs.ts';

/** What can be asked for by name. The first four are the statuses of the table, the others parts of them. */
export const eventStates = [
  'pending',
  'processed',
  'dead',
  'discarded',
  /** Pending and leased by a relayer. */
  'leased',
  /** Pending, not leased, and not due yet. */
  'waiting',
  /** Accepted, and not read back from Convoy yet. */
  'unconfirmed',
  /** Accepted, and reported as one that Convoy will not deliver. */
  'undelivered',
] as const;
export type EventState = (typeof eventStates)[number];

/** Every member narrows; none takes all. */
export interface EventFilter {
  readonly state?: EventState;
  /** Exact. */
  readonly businessId?: string;
  /** Exact. */
  readonly eventType?: string;
  /** Created at that instant or later, epoch ms. */
  readonly createdFromMs?: number;
  /** Created before that instant, epoch ms. */
  readonly createdBeforeMs?: number;
  /** Part of `last_error`; upper and lower case are the same (in ASCII). */
  readonly error?: string;
  /** Accepted by that gateway. */
  readonly gateway?: string;
}

/** An event as a person sees it, without its payload. */
export interface EventView {
  readonly seq: number;
  readonly id: string;
  readonly keySuffix: string;
  readonly businessId: string;
  readonly eventType: string;
  readonly status: 'pending' | 'processed' | 'dead' | 'discarded';
  /** Epoch ms, as all instants here; null where it never came to that. */
  readonly createdAtMs: number;
  readonly processedAtMs: number | null;
  readonly confirmedAtMs: number | null;
  /** Not before; for a leased event the end of the lease; 0 is at once. */
  readonly availableAtMs: number;
  /** Slot of the relayer that holds it. */
  readonly leasedBy: string | null;
  readonly attempts: number;
  readonly claims: number;
  readonly resends: number;
  readonly waitReason: WaitReason | null;
  readonly gateway: string | null;
  readonly lastError: string | null;
}

/** One event with everything that is known of it. */
export interface EventLife {
  readonly event: EventView;
  /** As it was written. */
  readonly payload: string;
  readonly payloadBytes: number;
  /** Custom headers as JSON text, or null. */
  readonly headers: string | null;
  /** What the record has about it, oldest first. The record is bounded: it may have forgotten. */
  readonly records: readonly LogRecord[];
}

export interface ListRequest {
  readonly filter: EventFilter;
  readonly order: 'newest' | 'oldest';
  /** Only events beyond that `seq`, in the order asked for; null starts at the end of the table that comes first. */
  readonly beyondSeq: number | null;
  readonly limit: number;
  readonly nowMs: number;
}

export interface ListingVerbs {
  /** The newest records of a kind, newest first. */
  records(kind: LogRecord['kind'], limit: number): Promise<readonly LogRecord[]>;
  /** The businesses that have events, whatever became of these; in order, at most `limit`. One look-up each. */
  businesses(limit: number): Promise<readonly string[]>;
  /** A page of events in the order of `seq`, which is that of their commits. */
  list(request: ListRequest): Promise<readonly EventView[]>;
  /** How many events match. */
  count(request: { readonly filter: EventFilter; readonly nowMs: number }): Promise<number>;
  /** The event with that id or idempotency key, or null. */
  find(idOrKey: string): Promise<EventLife | null>;
}
