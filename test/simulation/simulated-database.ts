// The database of a simulation: the real store on real SQLite, in memory by default. All relayers then share one store,
// which loses nothing: a verb is one synchronous transaction, so that verbs of several connections come one after the
// other just the same. On a file each relayer has a connection of its own; a test shows that the traces are equal.
import type Database from 'better-sqlite3';
import { sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { inMemory, onFile, type PlayedDatabase } from '../played-database.ts';

export function memoryDatabase(): PlayedDatabase {
  return inMemory(quickStore);
}

/** `template` is a database with the schema and no events. */
export function fileDatabase(file: string, template: string): PlayedDatabase {
  return onFile(file, template, quickStore);
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
