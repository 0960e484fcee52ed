// What a run left in its SQLite file.
import Database from 'better-sqlite3';
import type { EventRow, RunTables } from '../run-tables.ts';
import { sqliteReports } from './reports.ts';

interface Row extends Omit<EventRow, 'isLeased' | 'createdAtMs'> {
  readonly isLeased: number;
  readonly createdAt: string;
}

/** Throws when the file is missing or none of ours. */
export function sqliteTables(file: string): RunTables {
  const db = new Database(file, { fileMustExist: true });
  try {
    return {
      invoices: db.prepare('SELECT id FROM invoices').pluck().all().map(String),
      events: readEvents(db),
      reports: sqliteReports(db)(),
      integrity: db.prepare('PRAGMA integrity_check').pluck().all().join('; '),
    };
  } finally {
    db.close();
  }
}

function readEvents(db: Database.Database): readonly EventRow[] {
  const rows = db
    .prepare(`
      SELECT id || key_suffix AS key, business_id AS owner, event_type AS type, status,
             lease_id IS NOT NULL AS isLeased, last_error AS lastError, created_at AS createdAt,
             CASE WHEN json_valid(payload) THEN json_extract(payload, '$.data.id') END AS invoiceId,
             CASE WHEN json_valid(payload) THEN json(payload) END AS sent
        FROM events ORDER BY seq`)
    .all() as Row[];
  return rows.map(({ isLeased, createdAt, invoiceId, ...row }) => ({
    ...row,
    isLeased: isLeased === 1,
    invoiceId: invoiceId === null ? null : String(invoiceId),
    createdAtMs: Date.parse(createdAt),
  }));
}
