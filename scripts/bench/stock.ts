// Databases ready to be used, made once and copied for each run, and what a benchmark has to know of one: the seam between what is
// measured and the engine. The ready-made ones are those of a relayer that has worked before: the gateway is verified and the
// businesses are known.
import type { Bulk } from './bulk-rows.ts';
import { businessIds } from './event-form.ts';
import type { Left } from './peers/peer.ts';

/** Databases are named as DATABASE_URL names them, but for `file:`. */
export interface Stock {
  /** A copy with so many pending events, under a new name. */
  take(pending: number): Promise<string>;
  /** A copy that no relayer has ever seen. */
  takeNew(pending: number): Promise<string>;
  /** Removes a copy that nobody uses any more. */
  drop(database: string): Promise<void>;
  /** Adds events in big transactions. Others may have it open. */
  addEvents(database: string, count: number): Promise<void>;
  /** Adds events that all appear at once. `beforeCommit` is called when everything but COMMIT is done; returns its result. */
  addAtOnce<Result>(database: string, count: number, beforeCommit: () => Promise<Result>): Promise<Result>;
  /** For very many events at once. */
  readonly bulk: Bulk;
  /** A look at whether an event is pending, not to be used again once none is. What is scheduled for more than an hour later is left out. */
  pendingIn(database: string): () => Promise<boolean>;
  /** How many events are processed. */
  processedIn(database: string): Promise<number>;
  /** When the last so many were, epoch ms, by id. */
  processedTimes(database: string, count: number): Promise<ReadonlyMap<string, number>>;
  leftIn(database: string): Promise<Left>;
  claimedKeys(database: string): Promise<readonly string[]>;
  /** CPU time of the server so far, ms; null where there is none or it cannot be seen. */
  serverCpuMs(): Promise<number | null>;
  /** The engine's version, and how both sides set it. */
  about(): Promise<StockAbout>;
  /** Takes away what is outside of the run's folder. */
  end(): Promise<void>;
}

export interface StockAbout {
  readonly versions: Readonly<Record<string, string>>;
  readonly pragmas: Readonly<Record<string, string>>;
}

/** Events delivered while a database was made ready. */
export const deliveredBefore: number = 2 * businessIds.length;

/** How long it may take to fill one. */
export function making(pending: number, signal: AbortSignal) {
  return { what: 'a database is filled', withinMs: 60_000 + pending, signal };
}
