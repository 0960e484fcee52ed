// What a page that moves needs to read again and again: each verb costs a millisecond or two however big the outbox is, because
// it seeks, or looks at a bounded number of rows. Totals that must be exact are in overview-verbs.ts and cost more.
import type { LogRecord, ReasonCount } from './overview-verbs.ts';

/** A count that stops at a bound. */
export interface BoundedCount {
  readonly events: number;
  /** There are exactly so many, not more. */
  readonly isExact: boolean;
}

/** One accepted event of the last minute. */
export interface Acceptance {
  /** When it was settled, epoch ms. */
  readonly atMs: number;
  /** From its creation to that. */
  readonly latencyMs: number;
}

/** The outbox at one instant, as far as it can be had for little. */
export interface Glance {
  /** The highest `seq` ever given out; 0 before the first event. Its growth counts the events appended (and, on PostgreSQL, those rolled back). */
  readonly newestSeq: number;
  /** The pending event that is next in line, among those never delayed; null when there is none. */
  readonly freshHeadSeq: number | null;
  /** Pending events with an instant in `available_at`: leased ones, and those that wait. At most 20,000 are counted. */
  readonly delayed: BoundedCount;
  /** Events leased to relayers. */
  readonly leased: number;
  /** Creation of the pending event with the lowest `seq`, epoch ms; null when none is pending. */
  readonly oldestPendingAtMs: number | null;
  /** At most 20,000 are counted. */
  readonly dead: BoundedCount;
  /** Why events wait, among the first 500 delayed ones. */
  readonly waiting: readonly ReasonCount[];
  /** Events accepted after `fromMs` until `toMs`; at most 50,000 are counted. */
  readonly accepted: number;
  /** The newest acceptances within a minute before `toMs`, at most 500, newest first. */
  readonly acceptances: readonly Acceptance[];
}

/** What happened in one interval of the past. */
export interface Traffic {
  readonly appended: BoundedCount;
  readonly accepted: BoundedCount;
  /** Latencies of the newest 200 of the accepted ones. */
  readonly latenciesMs: readonly number[];
}

/** A line of the record with its place in it. */
export interface NumberedRecord extends LogRecord {
  readonly id: number;
}

/** Dead events with one reason. */
export interface DeadReason extends ReasonCount {
  /** One of them, for `redrive --id`. */
  readonly exampleId: string;
}

export interface LiveVerbs {
  glance(window: { readonly fromMs: number; readonly toMs: number }): Promise<Glance>;
  /** How many pending events that were never delayed lie after one `seq` and up to another: 16 ns each. */
  freshBetween(range: { readonly afterSeq: number; readonly upToSeq: number }): Promise<number>;
  /** All pending events with an instant in `available_at`, in one go: some 30 ns each. For when a glance stopped counting. */
  countDelayed(): Promise<number>;
  traffic(window: { readonly fromMs: number; readonly toMs: number }): Promise<Traffic>;
  /** The last acceptance before an instant and the first one from then on, epoch ms; null where there is none. */
  acceptancesAround(
    atMs: number,
  ): Promise<{ readonly beforeMs: number | null; readonly fromMs: number | null }>;
  /** The newest lines of the record after `afterId`, oldest first. */
  recordAfter(request: {
    readonly afterId: number;
    readonly limit: number;
  }): Promise<readonly NumberedRecord[]>;
  /** The reasons of the newest 2,000 dead events, the most frequent first, at most 10. */
  deadReasons(): Promise<readonly DeadReason[]>;
  /** Size of the write-ahead log; null for a database that has none of its own. */
  walBytes(): number | null;
}
