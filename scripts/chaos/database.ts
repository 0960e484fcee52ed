// Chooses the database that a run is played on.
import type { ChaosDatabase } from './chaos-database.ts';
import type { ChaosSettings } from './config.ts';
import { givenDatabase } from './postgres/given-database.ts';
import { ownDatabase } from './postgres/own-database.ts';
import { sqliteDatabase } from './sqlite/database.ts';

/** Starts nothing. Throws ERR_CHAOS_COULD_NOT_RUN when what it needs is not installed. */
export async function chaosDatabase({ database }: ChaosSettings): Promise<ChaosDatabase> {
  if (database === 'sqlite') return sqliteDatabase();
  return database === 'postgres' ? ownDatabase() : givenDatabase(database);
}
