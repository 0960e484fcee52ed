// Opens the database that DATABASE_URL names, for a relayer, on whichever engine it is.

import { databasePlace } from './database-place.ts';
import type { Environment } from './environment.ts';
import { loadPostgres } from './load-postgres.ts';
import type { Log } from './log.ts';
import type { OutboxDatabase } from './outbox-database.ts';
import { outboxTable } from './outbox-table.ts';
import { openSqliteOutbox } from './sqlite/database.ts';

/** Brings the database up to date, or throws OutboxError when it is none for an outbox or cannot be used. */
export async function openOutbox(environment: Environment, log: Log): Promise<OutboxDatabase> {
  const table = outboxTable(environment);
  const { engine, url } = databasePlace(environment);
  if (engine === 'sqlite') return openSqliteOutbox({ file: url, table });
  // Whoever stays on SQLite does not load the other engine's client.
  const { openPostgresOutbox } = await loadPostgres(import('./postgres/database.ts'));
  return openPostgresOutbox({ url, table, log });
}
