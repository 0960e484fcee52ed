// What people want to see at a glance, as one verb: the command line's `status`, the live page and the alerts read the
// same numbers. It looks only; nothing here changes an event.

import type { OutboxCounts, WaitReason } from './event-state.ts';
import type { LogEntry } from './log-entry.ts';

/** One line of the operator's record as it was written. */
export interface LogRecord {
  readonly kind: LogEntry['kind'];
  /** Epoch ms. */
  readonly atMs: number;
  readonly eventSeq: number | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A number of events with what they have in common. */
export interface ReasonCount {
  readonly reason: string;
  readonly events: number;
}

/** The outbox at one instant, read in one transaction. */
export interface OutboxOverview {
  readonly counts: OutboxCounts;
  /** Pending events that may be sent now; the other pending ones are leased or wait for a later instant. */
  readonly due: number;
  /** When the pending event with the lowest `seq` was created, epoch ms; null when none is pending, or it cannot be read. */
  readonly oldestPendingAtMs: number | null;
  /** Why pending events wait, among the 10,000 that become due next. `scheduled`: for an instant, without a reason. */
  readonly waiting: readonly { readonly reason: WaitReason | 'scheduled'; readonly events: number }[];
  /** Processed events that were not read back from Convoy yet. */
  readonly unconfirmed: number;
  /** Leases by the slot of the relayer that holds them; only slots that have some. */
  readonly leasedBySlot: Readonly<Record<string, number>>;
  /** Events created, and events accepted, within the last `windowMs`. */
  readonly recent: { readonly windowMs: number; readonly created: number; readonly accepted: number };
  /** The reasons of the newest 10,000 dead events, the most frequent first, at most 20. */
  readonly deadByReason: readonly ReasonCount[];
  /** The newest change of the gateway's state; null when it never changed. Members of `detail`: state, reason, paused_ms. */
  readonly gateway: LogRecord | null;
  /** The newest word on Convoy's pipeline behind its 201; null when there was never a stall. */
  readonly pipeline: LogRecord | null;
  /** Starts of relayers and takeovers from dead ones, newest first, at most 20 of each. */
  readonly relayers: readonly LogRecord[];
  /** Size of the write-ahead log; null for a database that has none. */
  readonly walBytes: number | null;
}

export interface OverviewVerbs {
  counts(): Promise<OutboxCounts>;
  /**
   * Looks at everything at once. Cost: 60 to 160 ms of synchronous work for a million events, pending or processed, on two busy
   * cores; SQLite blocks the event loop for as long, so a relayer with a big backlog must ask seldom, or from a worker thread.
   */
  overview(request: { readonly nowMs: number; readonly windowMs: number }): Promise<OutboxOverview>;
}
