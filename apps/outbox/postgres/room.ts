// The room that the outbox's tables take on a PostgreSQL server, and what vacuum has still to take away of it. It looks only.
import { outboxTables } from '../outbox-table.ts';
import type { Queries } from './connection.ts';

export interface TablesRoom {
  /** Both tables with their indexes, and what they keep elsewhere because it is long. */
  readonly bytes: number;
  /** Versions of rows that no transaction can see any more, as the server last counted them. */
  readonly deadRows: number;
}

/** Anybody may ask who may connect. Rejects with DatabaseTrouble. */
export async function roomOfTables(queries: Queries, table: string): Promise<TablesRoom> {
  const [, record] = outboxTables;
  const [room] = await queries.query<TablesRoom>(roomStatement, [[table, record]]);
  return room ?? { bytes: 0, deadRows: 0 };
}

const roomStatement = `
  SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint AS bytes, coalesce(sum(n_dead_tup), 0)::bigint AS "deadRows"
    FROM (SELECT to_regclass(quote_ident(name)) AS found FROM unnest($1::text[]) AS given (name)) AS outbox
    JOIN pg_stat_all_tables ON relid = found`;
