// What is asked and answered when a database is made fit for the outbox, on either engine.
import type { Clock } from './clock.ts';

/** What preparing came to. */
export type Prepared =
  /** Our database. The names of the migrations applied just now; empty when it was up to date. */
  | { readonly kind: 'own'; readonly applied: readonly string[] }
  /** Another application's database, with outbox tables that fit. Nothing was changed. */
  | { readonly kind: 'adopted' };

/** What somebody is going to do with the outbox: claim and settle, or only add events. */
export type Need = 'relay' | 'append';

export interface PrepareOptions {
  /** Tables that must be there in a database that is not ours. Default: the outbox's own. */
  readonly tables?: readonly string[];
  /** What the outbox's table is called there. Default `events`. */
  readonly outboxTable?: string;
  readonly clock?: Clock;
  /** On PostgreSQL the role must have the rights for it. Default `relay`. */
  readonly need?: Need;
  /**
   * For whoever only looks, on PostgreSQL: a session that may not write is no obstacle, and where the history of migrations may not be read, the
   * tables must fit. Default false.
   */
  readonly onlyReads?: boolean;
}

/** How a database stands to this release. */
export type DatabaseStanding =
  /** Ours. The names of the migrations that it lacks. */
  | { readonly kind: 'own'; readonly pending: readonly string[] }
  /** Another application's, with outbox tables that fit. */
  | { readonly kind: 'adopted' };
