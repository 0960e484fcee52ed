// Reads the reports of relayers from an SQLite file.
import type Database from 'better-sqlite3';
import { isReport, type Report, reportOf } from '../reports.ts';

interface Row {
  readonly id: number;
  readonly at: string;
  readonly about: Report['about'];
  readonly detail: string;
}

/** Returns a function that reads the reports which came since it was called last. */
export function sqliteReports(db: Database.Database): () => readonly Report[] {
  const statement = db.prepare(
    `SELECT id, at, kind AS about, detail FROM outbox_log WHERE ${isReport} AND id > ? ORDER BY id`,
  );
  let lastId = 0;
  return () => {
    const rows = statement.all(lastId) as Row[];
    lastId = rows.at(-1)?.id ?? lastId;
    return rows.map(({ at, ...row }) => reportOf({ ...row, atMs: Date.parse(at) }));
  };
}
