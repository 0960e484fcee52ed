// What the server itself tells of the table: how large it and its indexes are, which rows live, and what updates and vacuums have done.
import type { PostgresConnection } from '../../apps/outbox/postgres/connection.ts';

export interface TableLook {
  readonly tableBytes: number;
  readonly indexBytes: number;
  /** As the server counts them. */
  readonly liveRows: number;
  readonly deadRows: number;
  readonly updates: number;
  /** Those that found room on the row's own page and touched no index. */
  readonly hotUpdates: number;
  readonly autovacuums: number;
  /** Written to the log so far. */
  readonly logBytes: number;
}

export async function lookAtTable(connection: PostgresConnection): Promise<TableLook> {
  const [row] = await connection.query<TableLook>(`
    SELECT pg_table_size(relid) AS "tableBytes", pg_indexes_size(relid) AS "indexBytes", n_live_tup AS "liveRows",
           n_dead_tup AS "deadRows", n_tup_upd AS updates, n_tup_hot_upd AS "hotUpdates", autovacuum_count AS autovacuums,
           pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS "logBytes"
      FROM pg_stat_user_tables WHERE relname = 'events'`);
  if (row === undefined) throw new Error('the server knows no table events');
  return row;
}

export interface IndexLook {
  readonly name: string;
  readonly bytes: number;
}

/** The largest first. */
export function lookAtIndexes(connection: PostgresConnection): Promise<readonly IndexLook[]> {
  return connection.query<IndexLook>(`
    SELECT indexrelname AS name, pg_relation_size(indexrelid) AS bytes
      FROM pg_stat_user_indexes WHERE relname = 'events' ORDER BY 2 DESC, 1`);
}
