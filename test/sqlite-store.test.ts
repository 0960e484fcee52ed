// The SQLite store, held to the contract of all stores, on its own table and on one of another name beside somebody
// else's `events`.
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { sqlForTable } from '../apps/outbox/outbox-table.ts';
import { openDatabase, type SqliteConnection } from '../apps/outbox/sqlite/connection.ts';
import { type SqliteStore, sqliteStore } from '../apps/outbox/sqlite/store.ts';
import { tempDirectory } from './helpers.ts';
import {
  eventRow,
  insertEvent,
  newDatabaseFile,
  openStore,
  plainConnection,
  schemaSql,
} from './outbox-database.ts';
import { storeContract } from './store-contract.ts';
import type { ContractDatabase } from './store-contract-steps.ts';

storeContract('SQLite', async () => {
  const file = newDatabaseFile();
  return contractDatabase(plainConnection(file), () => openStore(file, 1_000));
});

// Every statement that named `events` would fail here: the table of that name has no column of ours.
storeContract('SQLite, table outbox_events', async () => {
  const file = path.join(tempDirectory(), 'app.db');
  const open = async (busyTimeoutMs: number) => {
    const options = { synchronous: 'NORMAL', autocheckpointPages: 0, table: 'outbox_events' } as const;
    const db = await openDatabase(file, { ...options, busyTimeoutMs });
    onTestFinished(() => void db.close());
    return db;
  };
  const db = await open(2_000);
  db.exec(`CREATE TABLE events (title TEXT); ${sqlForTable(schemaSql(), 'outbox_events')}`);
  return contractDatabase(db, async () => sqliteStore(await open(1_000)));
});

function contractDatabase(plain: SqliteConnection, open: () => Promise<SqliteStore>): ContractDatabase {
  return {
    open,
    append: async (columns) => insertEvent(plain, columns),
    read: async (seq) => {
      const exists = plain.prepare('SELECT 1 FROM events WHERE seq = ?').get(seq) !== undefined;
      return exists ? eventRow(plain, seq) : null;
    },
    spoilPayload: async (seq) => {
      plain.pragma('ignore_check_constraints = 1');
      plain.prepare(`UPDATE events SET payload = '{"cut' WHERE seq = ?`).run(seq);
      plain.pragma('ignore_check_constraints = 0');
    },
  };
}
