// What the run asks an SQLite file. It answers at once, in the same turn of the event loop, and waits for nobody.
import { isBusy } from '../../../apps/outbox/sqlite/code.ts';
import { openDatabase, type SqliteConnection } from '../../../apps/outbox/sqlite/connection.ts';
import type { Facts, LeasedEvent, PlainEvent } from '../facts.ts';
import { type Report, ReportBook } from '../reports.ts';
import { sqliteReports } from './reports.ts';

/** Opens the database of the run, which a relayer or an ingester must have migrated. Hands on each report of a relayer once. */
export async function openSqliteFacts(file: string, onReport: (report: Report) => void): Promise<Facts> {
  const open = (busyTimeoutMs: number) =>
    openDatabase(file, { synchronous: 'FULL', busyTimeoutMs, autocheckpointPages: 0 });
  // A reader waits only for whoever repairs the WAL's index after a kill; a writer's wait would stop the whole run.
  const db = await open(2_000);
  const writer = await open(0);
  const number = (sql: string) => {
    const statement = db.prepare(sql).pluck();
    return (...values: readonly unknown[]) => Number(statement.get(...values));
  };
  const counts = db.prepare(
    `SELECT count(*) AS committed, count(*) FILTER (WHERE status = 'processed') AS processed,
            count(*) FILTER (WHERE status = 'pending') AS pending FROM events`,
  );
  const leasedBy = db.prepare(
    `SELECT id || key_suffix AS key, available_at AS untilMs FROM events
      WHERE lease_id >= :slot || ':' AND lease_id < :slot || ';'`,
  );
  const verified = db
    .prepare(`SELECT DISTINCT json_extract(detail, '$.gateway') FROM outbox_log WHERE kind = 'verified'`)
    .pluck();
  const lastSeq = number('SELECT coalesce(max(seq), 0) FROM events');
  const pendingUpTo = number(`SELECT count(*) FROM events WHERE status = 'pending' AND seq <= ?`);
  const pendingAmong = number(
    `SELECT count(*) FROM events
      WHERE status = 'pending' AND id || key_suffix IN (SELECT value FROM json_each(?))`,
  );
  const newReports = sqliteReports(db);
  const book = new ReportBook(onReport);
  const reports = () => {
    for (const report of newReports()) book.add(report);
    return book;
  };
  return {
    counts: async () => counts.get() as Awaited<ReturnType<Facts['counts']>>,
    lastSeq: async () => lastSeq(),
    pendingUpTo: async (seq) => pendingUpTo(seq),
    relayerSlots: async () => reports().slots,
    leasedBy: async (slot) => leasedBy.all({ slot }) as LeasedEvent[],
    leftBy: async ({ slot }) => leasedBy.all({ slot }) as LeasedEvent[],
    pendingAmong: async (keys) => pendingAmong(JSON.stringify(keys)),
    fencedEvents: async () => reports().fencedEvents,
    gateways: async () => verified.all().map(String),
    isNobodyWriting: async () => unlessBusy(() => tryWriteLock(writer)) === true,
    insertEvent: async (row) => unlessBusy(() => insert(writer, row)),
    close: async () => {
      writer.close();
      db.close();
    },
  };
}

function tryWriteLock(db: SqliteConnection): true {
  db.exec('BEGIN IMMEDIATE');
  db.exec('ROLLBACK');
  return true;
}

function insert(db: SqliteConnection, row: PlainEvent): string {
  const id = db
    .prepare(
      `INSERT INTO events (business_id, event_type, payload, headers)
       VALUES (:businessId, :eventType, :payload, :headers) RETURNING id`,
    )
    .pluck()
    .get(row);
  return String(id);
}

function unlessBusy<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}
