// Very many events in little time: what they are, and what a benchmark asks of a database that is filled with them. The database itself makes
// the rows (bulk-sqlite.ts, bulk-postgres.ts).
import { businessIds, formEvent } from './event-form.ts';

/** What the rows are: those that wait, until an instant or at once, and those that were accepted in a span of time. */
export type BulkKind =
  | { readonly kind: 'pending'; readonly availableAtMs: number }
  | {
      readonly kind: 'processed';
      /** Which gateway accepted them, by its name. */
      readonly gateway: string;
      /** The first one's acceptance, and from one to the next, epoch ms and ms. */
      readonly fromMs: number;
      readonly stepMs: number;
      readonly isConfirmed: boolean;
    };

export interface BulkRows {
  readonly count: number;
  readonly rows: BulkKind;
}

/** Rows of a range of `seq`, both ends included. */
export interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** Where the rows will lie. */
export interface Room {
  readonly folder: string;
  readonly freeBytes: number;
  /** Rough, with the indexes. */
  readonly bytesPerRow: number;
  /** What to do when it is too little. */
  readonly otherwise: string;
}

export interface Bulk {
  /** Adds the rows after whatever is there. Nobody else may write to the database meanwhile. Throws when `signal` aborts. */
  add(database: string, rows: BulkRows, signal: AbortSignal): Promise<void>;
  /** Makes everything that waits wait until an instant. */
  postponeAll(database: string, availableAtMs: number): Promise<void>;
  /** Takes away what is dead, brings statistics up to date and writes what is still to be written: none of it is to be measured. */
  tidy(database: string): Promise<void>;
  /** How many events are pending, whenever they are due. */
  waitingIn(database: string): Promise<number>;
  /** How many rows of a range are left; or, of those that were accepted, not yet confirmed. */
  leftOf(database: string, range: SeqRange, which: 'any' | 'unconfirmed'): Promise<number>;
  /** With the indexes. */
  bytesOf(database: string): Promise<number>;
  /** Null when it cannot be seen from here. */
  room(): Promise<Room | null>;
}

/** The id, and so the idempotency key, of the event of a `seq` that was added in bulk. In the order of `seq`, as UUIDv7 would be. */
export function bulkKey(seq: number): string {
  return `01900000-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`;
}

/** What all rows have in common; a payload is its head, the row's number in twelve digits, and its tail. */
export function bulkForm(rows: BulkKind) {
  const { eventType, payload } = formEvent(0);
  const [payloadHead = '', payloadTail = ''] = payload.split('000000000000', 2);
  const form = { businessIds, eventType, payloadHead, payloadTail, status: rows.kind };
  if (rows.kind === 'processed') {
    const { gateway, fromMs, stepMs, isConfirmed } = rows;
    return { ...form, gateway, fromMs, stepMs, isConfirmed, availableAtMs: 0 };
  }
  const now = { fromMs: Date.now(), stepMs: 0 };
  return { ...form, ...now, gateway: null, isConfirmed: false, availableAtMs: rows.availableAtMs };
}
