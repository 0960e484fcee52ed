// Whether a proxy stands before the server that lends its connections out by the transaction (PgBouncer's `pool_mode = transaction`, and
// others): then nothing that belongs to a session can be trusted, neither locks nor LISTEN nor SET.
import pg from 'pg';
import { troubleOfPostgres } from './trouble.ts';

const rounds = 3;
const connectTimeoutMs = 5_000;

/**
 * Asks two connections in turn which server process serves them: of two sessions it is always two, each always the same. A busy proxy may
 * happen to answer so as well; then locks and wakes are simply lost now and then. Rejects with DatabaseTrouble.
 */
export async function isPooledByTransaction(url: string): Promise<boolean> {
  const clients = [0, 1].map(
    () =>
      new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: connectTimeoutMs,
        query_timeout: connectTimeoutMs,
      }),
  );
  for (const client of clients) client.on('error', () => {});
  try {
    await Promise.all(clients.map((client) => client.connect()));
    const seen: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [index, client] of clients.entries()) {
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
        seen.push(`${index} ${rows[0].pid}`);
      }
    }
    const pairs = new Set(seen);
    const processes = new Set(seen.map((pair) => pair.slice(2)));
    return pairs.size !== clients.length || processes.size !== clients.length;
  } catch (error) {
    throw troubleOfPostgres(error);
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
  }
}
