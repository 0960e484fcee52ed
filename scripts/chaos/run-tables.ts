// What is read of a run's tables, whatever the engine.
import type { Report } from './reports.ts';

/** The tables of a run as they were in the end, whatever the engine. */
export interface RunTables {
  /** Ids. */
  readonly invoices: readonly string[];
  readonly events: readonly EventRow[];
  /** Those that outbox_log has not forgotten. */
  readonly reports: readonly Report[];
  readonly integrity: string;
}

export interface EventRow {
  /** The idempotency key: id and suffix. */
  readonly key: string;
  readonly owner: string;
  readonly type: string;
  readonly status: string;
  readonly isLeased: boolean;
  readonly lastError: string | null;
  /** The invoice that the payload names; null when it names none. */
  readonly invoiceId: string | null;
  /** The payload as it has to be sent; null when it is no JSON. */
  readonly sent: string | null;
  readonly createdAtMs: number;
}
