// A real database file with this project's schema, for tests of what reads and writes it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { openDatabase } from '../apps/outbox/sqlite/connection.ts';
import { type SqliteStore, sqliteStore } from '../apps/outbox/sqlite/store.ts';
import { projectRoot, tempDirectory } from './helpers.ts';

/** The statements of all migrations, oldest first. */
export function schemaSql(): string {
  const folder = path.join(projectRoot, 'prisma', 'migrations');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readFileSync(path.join(folder, name, 'migration.sql'), 'utf8'))
    .join('\n');
}

/** A plain connection without any of our settings but WAL, closed when the test has finished. */
export function plainConnection(file: string): Database.Database {
  const connection = new Database(file, { timeout: 2_000 });
  onTestFinished(() => void connection.close());
  return connection;
}

/** A new file in a folder of its own, with the schema. */
export function newDatabaseFile(folder = tempDirectory()): string {
  const file = path.join(folder, 'events.db');
  const connection = new Database(file);
  connection.pragma('journal_mode = WAL');
  connection.exec(schemaSql());
  connection.close();
  return file;
}

/** The store on a file, opened as a relayer opens it; closed when the test has finished. */
export async function openStore(file: string, busyTimeoutMs = 0): Promise<SqliteStore> {
  const db = await openDatabase(file, { synchronous: 'NORMAL', busyTimeoutMs, autocheckpointPages: 0 });
  onTestFinished(() => void db.close());
  return sqliteStore(db);
}

/** A row of `events`, as the table has it. */
export interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly business_id: string;
  readonly event_type: string;
  readonly payload: string;
  readonly headers: string | null;
  readonly status: string;
  readonly created_at: string;
  readonly processed_at: string | null;
  readonly confirmed_at: string | null;
  readonly available_at: number;
  readonly lease_id: string | null;
  readonly attempts: number;
  readonly claims: number;
  readonly resends: number;
  readonly wait_reason: string | null;
  readonly gateway: string | null;
  readonly last_error: string | null;
}

/** Columns to set beside the defaults. */
export type EventColumns = Partial<Omit<EventRow, 'seq'>>;

/** Inserts one event; what is not given is left to the defaults. Returns its seq. */
export function insertEvent(db: Database.Database, columns: EventColumns = {}): number {
  const row = { business_id: 'acme', event_type: 'invoice.created', payload: '{"n":1}', ...columns };
  const names = Object.keys(row);
  const sql = `INSERT INTO events (${names.join(', ')}) VALUES (${names.map((name) => `:${name}`).join(', ')})`;
  return Number(db.prepare(sql).run(row).lastInsertRowid);
}

/** Inserts `count` events with their number in the payload. */
export function insertEvents(db: Database.Database, count: number, columns: EventColumns = {}): number[] {
  const insert = db.transaction(() =>
    Array.from({ length: count }, (_, n) => insertEvent(db, { payload: `{"n":${n}}`, ...columns })),
  );
  return insert();
}

/** The row of one event. */
export function eventRow(db: Database.Database, seq: number): EventRow {
  const row = db.prepare('SELECT * FROM events WHERE seq = ?').get(seq);
  if (row === undefined) throw new Error(`no event ${seq}`);
  return row as EventRow;
}

/** How many events there are of each status. */
export function statusCounts(db: Database.Database): Record<string, number> {
  const rows = db.prepare('SELECT status, count(*) AS total FROM events GROUP BY status').all();
  return Object.fromEntries(
    (rows as { status: string; total: number }[]).map((row) => [row.status, row.total]),
  );
}
