// What the server says of the run's tables: their checksums, by reading all of them, and their indexes, where the extension amcheck is.
import { DatabaseTrouble } from '../../../apps/outbox/database-trouble.ts';
import type { PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';

const indexes = `
  SELECT bt_index_check(index => i.indexrelid, heapallindexed => true)
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
   WHERE a.amname = 'btree' AND c.relnamespace = current_schema()::regnamespace`;

/** `ok`, or what is wrong. */
export async function integrityOf(connection: PostgresConnection): Promise<string> {
  try {
    for (const table of ['events', 'invoices', 'outbox_log']) {
      await connection.query(`SELECT count((t.*)::text) FROM ${table} AS t`);
    }
    if (await hasAmcheck(connection)) await connection.query(indexes);
    return 'ok';
  } catch (error) {
    if (error instanceof DatabaseTrouble && error.kind !== 'passing') return error.message;
    throw error;
  }
}

/** False where the extension is not installed, or is not this user's to create. */
async function hasAmcheck(connection: PostgresConnection): Promise<boolean> {
  const [row] = await connection.query<{ count: number }>(
    `SELECT count(*) AS count FROM pg_available_extensions WHERE name = 'amcheck'`,
  );
  if (row?.count !== 1) return false;
  try {
    await connection.run('CREATE EXTENSION IF NOT EXISTS amcheck');
    return true;
  } catch {
    return false;
  }
}
