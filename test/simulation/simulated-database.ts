// The database of a simulation: the real store on real SQLite, in memory by default. All relayers then share one store,
// which loses nothing: a verb is one synchronous transaction, so that verbs of several connections come one after the
// other just the same. On a file each relayer has a connection of its own; a test shows that the traces are equal.
// On PostgreSQL a seed decides as much: the order of all statements and every instant they are given, since time waits for each statement.
// It does not decide how long a statement really takes, when the server vacuums or plans anew, and what its clock stamps; none of that
// reaches a trace, and a test shows that traces are those of SQLite. What happens to statements side by side, and so to row locks, is not
// tried here: the property of the store lets turns loose together, and test/postgres/turn.test.ts.
import type Database from 'better-sqlite3';
import { sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { inMemory, onFile, type PlayedDatabase } from '../played-database.ts';
import { onPostgres } from '../postgres/played-database.ts';

export function memoryDatabase(): PlayedDatabase {
  return inMemory(quickStore);
}

/** `template` is a database with the schema and no events. */
export function fileDatabase(file: string, template: string): PlayedDatabase {
  return onFile(file, template, quickStore);
}

/** All relayers share one pool: their statements come one after the other, and the server cannot tell whose they are. */
export async function serverDatabase(): Promise<PlayedDatabase> {
  const database = await onPostgres();
  const store = database.openStore();
  return { ...database, openStore: () => store };
}

/**
 * The store asks its index for each of 64 slots, which is what it should do at scale, and was 40 % of a simulation's time.
 * That both answers agree is the store contract's business.
 */
function quickStore(db: Database.Database): OutboxStore {
  const slots = db
    .prepare('SELECT DISTINCT substr(lease_id, 1, 2) FROM events WHERE lease_id IS NOT NULL ORDER BY 1')
    .pluck();
  return { ...sqliteStore(db), slotsWithLeases: async () => slots.all().map(String) };
}
