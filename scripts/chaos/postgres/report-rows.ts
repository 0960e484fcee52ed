// Reads the reports of relayers from PostgreSQL.
import type { Queries } from '../../../apps/outbox/postgres/connection.ts';
import { identityOf, isReport, type Report, type ReportRow, reportOf } from '../reports.ts';

/** The reports from that id on. */
export async function reportRows(
  queries: Queries,
  { fromId }: { readonly fromId: number },
): Promise<readonly Report[]> {
  const rows = await queries.query<ReportRow>(
    `SELECT id, (extract(epoch FROM at) * 1000)::bigint AS "atMs", kind AS about, detail
       FROM outbox_log WHERE ${isReport} AND id >= $1 ORDER BY id`,
    [fromId],
  );
  return rows.map(reportOf);
}

/**
 * Ids are given before their transactions commit, and given again after a crash of the server: what is new is not what has a higher id. So
 * the newest lines are read each time, and those that are known are left out.
 */
const readAgain = 300;

/** Returns a function that reads the reports which came since it was called last. */
export function newReports(queries: Queries): () => Promise<readonly Report[]> {
  const known = new Set<string>();
  return async () => {
    const [row] = await queries.query<{ newest: number }>(
      'SELECT coalesce(max(id), 0) AS newest FROM outbox_log',
    );
    const reports = await reportRows(queries, { fromId: (row?.newest ?? 0) - readAgain });
    return reports.filter((report) => {
      const identity = identityOf(report);
      return !known.has(identity) && known.add(identity);
    });
  };
}
