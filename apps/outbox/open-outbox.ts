// Opens the database that DATABASE_URL names, for a relayer, on whichever engine it is.
import { databaseFile, type Environment } from './environment.ts';
import type { OutboxDatabase } from './outbox-database.ts';
import { outboxTable } from './outbox-table.ts';
import { openSqliteOutbox } from './sqlite/database.ts';

/** Throws OutboxError when it is no database for an outbox, or cannot be used. */
export async function openOutbox(environment: Environment): Promise<OutboxDatabase> {
  const table = outboxTable(environment);
  return openSqliteOutbox({ file: databaseFile(environment), table });
}
