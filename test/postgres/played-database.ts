// PostgreSQL for the random suites: a schema of its own, and a pool for each store, as each relayer has one. What is closed is handed out
// again: between two statements a connection holds nothing but its prepared plans, which a relayer's grow old as well, and a new one is
// 10 ms, of which a case would need five. The server's clock stamps `created_at` alone, which no model compares: every other instant is passed in.
import type pg from 'pg';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { waitFor } from '../helpers.ts';
import type { PlayedDatabase } from '../played-database.ts';
import {
  asOnSqlite,
  createSchema,
  emptyingSql,
  insertPostgresEvent,
  postgresSchemaSql,
} from '../postgres-database.ts';
import { postgresStoreOn } from './contract-database.ts';

/** Creates the schema; closing drops it. */
export async function onPostgres(): Promise<PlayedDatabase> {
  const { url, client, drop } = await createSchema();
  // No power is cut here.
  await client.query(`SET synchronous_commit = off; ${postgresSchemaSql()}`);
  const opened: OutboxStore[] = [];
  const idle: OutboxStore[] = [];
  return {
    append: (columns) => insertPostgresEvent(client, columns),
    openStore: () => {
      const store = idle.pop() ?? postgresStoreOn(url);
      if (!opened.includes(store)) opened.push(store);
      return { ...store, close: async () => void idle.push(store) };
    },
    rows: async () => (await client.query('SELECT * FROM events ORDER BY seq')).rows.map(asOnSqlite),
    atOnce: (works) => letLoose(client, works),
    clear: async () => void (await client.query(emptyingSql())),
    close: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await drop();
    },
  };
}

/** Lets all of it wait for the table, and then loose. One by one, most of it would be over before the next has arrived. */
async function letLoose<Result>(client: pg.Client, works: readonly (() => Promise<Result>)[]) {
  await client.query('BEGIN; LOCK TABLE events');
  const results = Promise.all(works.map((work) => work()));
  // Whoever waits for the results hears of a failure; until then it must not count as unheard.
  results.catch(() => {});
  const waiting = `SELECT count(*) AS total FROM pg_locks WHERE relation = 'events'::regclass AND NOT granted`;
  await waitFor('all to wait for the table', async () => {
    const { rows } = await client.query<{ total: number }>(waiting);
    return (rows[0]?.total ?? 0) >= works.length;
  });
  await client.query('COMMIT');
  return results;
}
