// What relayers report of themselves in outbox_log. That table is bounded and forgets its oldest lines, which a verdict must
// not: so a run copies them into its own record while they are there, and the verdict reads both.
import type Database from 'better-sqlite3';
import { linesOf, type RecordLine, type RecordOf } from './record.ts';

/** One line of outbox_log. */
export type Report = Omit<RecordOf<'report'>, 'kind'>;

const what = `kind IN ('relayer_started', 'taken_over', 'fenced')`;

interface ReportRow {
  readonly id: number;
  readonly at: string;
  readonly about: Report['about'];
  readonly detail: string;
}

/** Returns a function that reads the reports which came since it was called last. */
export function reportReader(db: Database.Database): () => readonly Report[] {
  const statement = db.prepare(
    `SELECT id, at, kind AS about, detail FROM outbox_log WHERE ${what} AND id > ? ORDER BY id`,
  );
  let lastId = 0;
  return () => {
    const rows = statement.all(lastId) as ReportRow[];
    lastId = rows.at(-1)?.id ?? lastId;
    return rows.map(({ id, at, about, detail }) => ({
      ...{ id, about, atMs: Date.parse(at) },
      detail: JSON.parse(detail) as Report['detail'],
    }));
  };
}

/** All reports of a run, oldest first: those that were copied, and those that still stand in the table. */
export function allReports(record: readonly RecordLine[], db: Database.Database): readonly Report[] {
  const all = new Map<number, Report>();
  for (const report of [...linesOf(record, 'report'), ...reportReader(db)()]) all.set(report.id, report);
  return [...all.values()].sort((a, b) => a.id - b.id);
}
