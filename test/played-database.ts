// The database that random suites play on (test/property, test/simulation), whatever its engine, and SQLite's two. Cases follow each other
// on one database, which is emptied between them.
import { copyFileSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { configure } from '../apps/outbox/sqlite/connection.ts';
import { sqliteStore } from '../apps/outbox/sqlite/store.ts';
import type { OutboxStore } from '../apps/outbox/store.ts';
import { type EventColumns, type EventRow, insertEvent, schemaSql } from './outbox-database.ts';

export interface PlayedDatabase {
  /** Inserts one event; what is not given is left to the defaults. Returns its seq. */
  append(columns?: EventColumns): Promise<number>;
  /** The store of one relayer. */
  openStore(): OutboxStore;
  /** The whole table in the order of seq, as SQLite holds it. */
  rows(): Promise<readonly EventRow[]>;
  /** Does all of it at the same time, as far as the engine can. Each work asks for the table once at least. */
  atOnce<Result>(works: readonly (() => Promise<Result>)[]): Promise<readonly Result[]>;
  /** As new: no event was ever in it. */
  clear(): Promise<void>;
  /** Ends it, with every store that is still open. */
  close(): Promise<void>;
}

type StoreOf = (db: Database.Database) => OutboxStore;

/** In memory; all relayers share one store, which they must not close. */
export function inMemory(storeOf: StoreOf = sqliteStore): PlayedDatabase {
  const db = new Database(':memory:');
  db.exec(schemaSql());
  const store = storeOf(db);
  return { ...writing(db), openStore: () => store, close: async () => void db.close() };
}

/** On a file with a connection for each store. `template` is a database with the schema and no events. */
export function onFile(file: string, template: string, storeOf: StoreOf = sqliteStore): PlayedDatabase {
  copyFileSync(template, file);
  const db = new Database(file);
  // No power is cut here; whoever closes last would otherwise wait for the disk.
  db.pragma('synchronous = OFF');
  const opened: Database.Database[] = [];
  return {
    ...writing(db),
    openStore: () => {
      const connection = new Database(file, { timeout: 1_000 });
      configure(connection, { synchronous: 'NORMAL', busyTimeoutMs: 1_000, autocheckpointPages: 0 });
      opened.push(connection);
      return storeOf(connection);
    },
    close: async () => {
      for (const connection of [...opened, db]) connection.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
  };
}

function writing(db: Database.Database): Pick<PlayedDatabase, 'append' | 'rows' | 'atOnce' | 'clear'> {
  const all = db.prepare('SELECT * FROM events ORDER BY seq');
  return {
    append: async (columns) => insertEvent(db, columns),
    rows: async () => all.all() as EventRow[],
    atOnce: (works) => Promise.all(works.map((work) => work())),
    clear: async () =>
      void db.exec('DELETE FROM events; DELETE FROM outbox_log; DELETE FROM sqlite_sequence'),
  };
}
