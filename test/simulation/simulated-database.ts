// The database of a simulation: the real store on real SQLite, in memory by default. All relayers then share one store,
// which loses nothing: a verb is one synchronous transaction, so that verbs of several connections come one after the
// other just the same. On a file each relayer has a connection of its own; a test shows that the traces are equal.
import { copyFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { configure } from '../../apps/outbox/sqlite/connection.ts';
import { sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { type EventRow, schemaSql } from '../outbox-database.ts';

export interface SimulatedDatabase {
  /** Inserts one event; returns its seq. */
  append(event: { readonly id: string; readonly createdAt: string }): number;
  /** The store of one relayer. */
  openStore(): OutboxStore;
  rows(): readonly EventRow[];
  /** As new: no event was ever in it. */
  clear(): void;
  close(): void;
}

export function memoryDatabase(): SimulatedDatabase {
  const db = new Database(':memory:');
  db.exec(schemaSql());
  const store = { ...sqliteStore(db), slotsWithLeases: slotsAtOnce(db) };
  return { ...writing(db), openStore: () => store, close: () => void db.close() };
}

/** `template` is a database with the schema and no events. */
export function fileDatabase(file: string, template: string): SimulatedDatabase {
  copyFileSync(template, file);
  const db = new Database(file);
  const opened: Database.Database[] = [];
  return {
    ...writing(db),
    openStore: () => {
      const connection = new Database(file, { timeout: 0 });
      configure(connection, { synchronous: 'NORMAL', busyTimeoutMs: 0, autocheckpointPages: 0 });
      opened.push(connection);
      return { ...sqliteStore(connection), slotsWithLeases: slotsAtOnce(connection) };
    },
    close: () => {
      for (const connection of [...opened, db]) connection.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
  };
}

function writing(db: Database.Database): Pick<SimulatedDatabase, 'append' | 'rows' | 'clear'> {
  const insert = db.prepare(
    `INSERT INTO events (id, business_id, event_type, payload, created_at)
     VALUES (:id, 'acme', 'invoice.created', '{"n":1}', :createdAt)`,
  );
  const all = db.prepare('SELECT * FROM events ORDER BY seq');
  return {
    append: (event) => Number(insert.run(event).lastInsertRowid),
    rows: () => all.all() as EventRow[],
    clear: () => db.exec('DELETE FROM events; DELETE FROM outbox_log; DELETE FROM sqlite_sequence'),
  };
}

/**
 * The store asks its index for each of 64 slots, which is what it should do at scale, and was 40 % of a simulation's time.
 * That both answers agree is the store contract's business.
 */
function slotsAtOnce(db: Database.Database): OutboxStore['slotsWithLeases'] {
  const slots = db
    .prepare('SELECT DISTINCT substr(lease_id, 1, 2) FROM events WHERE lease_id IS NOT NULL ORDER BY 1')
    .pluck();
  return async () => slots.all().map(String);
}
