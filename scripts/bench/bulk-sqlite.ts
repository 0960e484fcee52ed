// Fills a SQLite file with very many events: SQL makes the rows, in big transactions that nothing makes durable before the end. Only for
// a file that nobody else has open, and that is worth nothing if the machine fails meanwhile.
import { closeSync, fsyncSync, openSync, statfsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Bulk, type BulkRows, bulkForm, type Room } from './bulk-rows.ts';
import { pause } from './patience.ts';

/** Some seconds' worth: between two of them an interruption is noticed. */
const perTransaction = 250_000;
const bytesPerRow = 1_100;

/** Files in that folder. */
export function sqliteBulk(folder: string): Bulk {
  return {
    add: addInBulk,
    postponeAll: async (file, availableAtMs) => postponeAll(file, availableAtMs),
    // The file is on the disk once it is filled, has no dead rows, and its plans need no statistics.
    async tidy() {},
    waitingIn: async (file) => look(file, `SELECT count(*) FROM events WHERE status = 'pending'`),
    async leftOf(file, range, which) {
      const open = which === 'unconfirmed' ? `status = 'processed' AND confirmed_at IS NULL AND ` : '';
      return look(
        file,
        `SELECT count(*) FROM events WHERE ${open}seq >= :firstSeq AND seq <= :lastSeq`,
        range,
      );
    },
    bytesOf: async (file) =>
      look(file, 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size'),
    room: async () => roomIn(folder),
  };
}

export function roomIn(folder: string): Room {
  const { bavail, bsize } = statfsSync(folder);
  const otherwise = 'name another disk with TMPDIR, or take smaller --sizes and --processed';
  return { folder, freeBytes: bavail * bsize, bytesPerRow, otherwise };
}

/** Adds the rows after whatever is there, and waits until they are on the disk. Throws when `signal` aborts. */
export async function addInBulk(file: string, { count, rows }: BulkRows, signal: AbortSignal): Promise<void> {
  const db = new Database(file, { timeout: 5_000 });
  try {
    // What is inserted is what events look like: checking it again would take longer than inserting it.
    for (const pragma of ['synchronous = OFF', 'ignore_check_constraints = ON']) db.pragma(pragma);
    const first = 1 + Number(db.prepare('SELECT coalesce(max(seq), 0) FROM events').pluck().get());
    const { businessIds, isConfirmed, ...form } = bulkForm(rows);
    const values = {
      ...{ ...form, isConfirmed: isConfirmed ? 1 : 0 },
      ...{ businesses: JSON.stringify(businessIds), businessCount: businessIds.length },
    };
    const insert = db.prepare(insertSql);
    const end = first + count;
    for (let from = first; from < end; from += perTransaction) {
      insert.run({ ...values, first, from, last: Math.min(from + perTransaction, end) - 1 });
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

const instant = (column: string) => `strftime('%Y-%m-%dT%H:%M:%f+00:00', (${column}) / 1000.0, 'unixepoch')`;

const insertSql = `
  WITH RECURSIVE number(n, at) AS (
    SELECT CAST(:from AS INTEGER), :fromMs + (:from - :first) * :stepMs
    UNION ALL
    SELECT n + 1, at + :stepMs FROM number WHERE n < :last)
  INSERT INTO events (seq, id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at, available_at, gateway)
  SELECT n, printf('01900000-0000-7000-8000-%012x', n), json_extract(:businesses, '$[' || (n % CAST(:businessCount AS INTEGER)) || ']'),
         :eventType, :payloadHead || printf('%012d', n) || :payloadTail, :status, ${instant('at - 5')},
         CASE WHEN :gateway IS NOT NULL THEN ${instant('at')} END,
         CASE WHEN :isConfirmed THEN ${instant('at + 2000')} END, :availableAtMs, :gateway
    FROM number`;

/** Makes everything that waits wait until an instant. */
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

function look(file: string, sql: string, values: object = {}): number {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    return Number(db.prepare(sql).pluck().get(values));
  } finally {
    db.close();
  }
}
