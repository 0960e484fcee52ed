// Fills a database with very many events in little time: SQL makes the rows, in big transactions that nothing makes durable before
// the end. Only for a file that nobody else has open, and that is worth nothing if the machine fails meanwhile.
import { closeSync, fsyncSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { businessIds, formEvent } from './event-form.ts';
import { pause } from './patience.ts';

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

/** Some seconds' worth: between two of them an interruption is noticed. */
const perTransaction = 250_000;

/** Rough, with the indexes, for a look at the room on the disk. */
export const bytesPerRow = 1_100;

/** Adds the rows after whatever is there, and waits until they are on the disk. Throws when `signal` aborts. */
export async function addInBulk(file: string, { count, rows }: BulkRows, signal: AbortSignal): Promise<void> {
  const db = new Database(file, { timeout: 5_000 });
  try {
    // What is inserted is what events look like: checking it again would take longer than inserting it.
    for (const pragma of ['synchronous = OFF', 'ignore_check_constraints = ON']) db.pragma(pragma);
    const first = 1 + Number(db.prepare('SELECT coalesce(max(seq), 0) FROM events').pluck().get());
    const insert = db.prepare(insertSql);
    const end = first + count;
    for (let from = first; from < end; from += perTransaction) {
      insert.run({ ...valuesOf(rows), first, from, last: Math.min(from + perTransaction, end) - 1 });
      await pause(0, signal);
    }
  } finally {
    db.close();
  }
  // What the system still has to write would be measured with whatever comes next.
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** The id, and so the idempotency key, of the event of a `seq` that was added in bulk. In the order of `seq`, as UUIDv7 would be. */
export function bulkKey(seq: number): string {
  return `01900000-0000-7000-8000-${seq.toString(16).padStart(12, '0')}`;
}

const instant = (column: string) => `strftime('%Y-%m-%dT%H:%M:%f+00:00', (${column}) / 1000.0, 'unixepoch')`;

const insertSql = `
  WITH RECURSIVE number(n, at) AS (
    SELECT CAST(:from AS INTEGER), :fromMs + (:from - :first) * :stepMs
    UNION ALL
    SELECT n + 1, at + :stepMs FROM number WHERE n < :last)
  INSERT INTO events (seq, id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at, available_at, gateway)
  SELECT n, printf('01900000-0000-7000-8000-%012x', n), json_extract(:businesses, '$[' || (n % CAST(:businessCount AS INTEGER)) || ']'),
         :type, :payloadHead || printf('%012d', n) || :payloadTail, :status, ${instant('at - 5')},
         CASE WHEN :gateway IS NOT NULL THEN ${instant('at')} END,
         CASE WHEN :isConfirmed THEN ${instant('at + 2000')} END, :availableAtMs, :gateway
    FROM number`;

function valuesOf(rows: BulkKind) {
  const { eventType, payload } = formEvent(0);
  const [payloadHead, payloadTail] = payload.split('000000000000', 2);
  const form = {
    businesses: JSON.stringify(businessIds),
    businessCount: businessIds.length,
    type: eventType,
    payloadHead,
    payloadTail,
    status: rows.kind,
  };
  if (rows.kind === 'processed') {
    const { gateway, fromMs, stepMs, isConfirmed } = rows;
    return { ...form, gateway, fromMs, stepMs, isConfirmed: isConfirmed ? 1 : 0, availableAtMs: 0 };
  }
  const now = { fromMs: Date.now(), stepMs: 0 };
  return { ...form, ...now, gateway: null, isConfirmed: 0, availableAtMs: rows.availableAtMs };
}

/** Makes everything that waits wait until an instant. Nobody else may have the file open. */
export function postponeAll(file: string, availableAtMs: number): void {
  const db = new Database(file, { timeout: 5_000 });
  try {
    db.pragma('synchronous = OFF');
    db.prepare(`UPDATE events SET available_at = ?, lease_id = NULL WHERE status = 'pending'`).run(
      availableAtMs,
    );
  } finally {
    db.close();
  }
}
