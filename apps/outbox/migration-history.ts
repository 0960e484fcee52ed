// Reads and writes Prisma's own history table, and judges how a database's history stands to ours. Judging is pure; it
// decides nothing about what to do.
import { randomUUID } from 'node:crypto';
import type { Migration } from './migration-files.ts';
import type { SqliteConnection } from './sqlite/connection.ts';

/** One row of `_prisma_migrations`. */
export interface HistoryRow {
  readonly name: string;
  readonly checksum: string;
  readonly isFinished: boolean;
}

/** What a database contains, as far as migrating is concerned. */
export interface History {
  /** Tables, views and triggers besides the history table. */
  readonly hasObjects: boolean;
  /** Rows of the history table that were not rolled back. */
  readonly rows: readonly HistoryRow[];
}

export type Standing =
  /** Ours, or nothing at all: these are to be applied, in this order. None when it is up to date. */
  | { readonly kind: 'ours'; readonly pending: readonly Migration[] }
  /** Another application's database. */
  | { readonly kind: 'foreign' }
  /** Ours, and migrated further than we know. */
  | { readonly kind: 'newer'; readonly names: readonly string[] }
  /** Ours, and this migration is not the one we have. */
  | { readonly kind: 'altered'; readonly name: string }
  /** Ours, and this migration broke off halfway. */
  | { readonly kind: 'unfinished'; readonly name: string };

const tableName = '_prisma_migrations';

/**
 * How a history stands to our migrations. It is ours only when it is a beginning of ours, or holds all of ours followed
 * by later ones: an application that copied one of our migrations among its own remains foreign.
 */
export function standingOf(history: History, ours: readonly Migration[]): Standing {
  const names = history.rows.map((row) => row.name).sort();
  if (names.length === 0) return history.hasObjects ? { kind: 'foreign' } : { kind: 'ours', pending: ours };
  const known = ours.slice(0, names.length);
  if (known.some((migration, index) => migration.name !== names[index])) return { kind: 'foreign' };
  const unfinished = history.rows.find((row) => !row.isFinished);
  if (unfinished !== undefined) return { kind: 'unfinished', name: unfinished.name };
  const altered = known.find((migration) => checksumIn(history, migration.name) !== migration.checksum);
  if (altered !== undefined) return { kind: 'altered', name: altered.name };
  const later = names.slice(ours.length);
  return later.length > 0
    ? { kind: 'newer', names: later }
    : { kind: 'ours', pending: ours.slice(names.length) };
}

function checksumIn(history: History, name: string): string | undefined {
  return history.rows.find((row) => row.name === name)?.checksum;
}

/** Reads what `standingOf` judges. Throws what SQLite throws (busy, corrupt). */
export function readHistory(connection: SqliteConnection): History {
  const names = connection
    .prepare(`SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`)
    .pluck()
    .all();
  const hasObjects = names.some((name) => name !== tableName);
  return { hasObjects, rows: names.includes(tableName) ? readRows(connection) : [] };
}

function readRows(connection: SqliteConnection): HistoryRow[] {
  return connection
    .prepare(
      `SELECT migration_name, checksum, finished_at IS NOT NULL FROM ${tableName} WHERE rolled_back_at IS NULL`,
    )
    .raw()
    .all()
    .map((row) => {
      const [name, checksum, isFinished] = Array.isArray(row) ? row : [];
      return { name: String(name), checksum: String(checksum), isFinished: isFinished === 1 };
    });
}

/** The table exactly as Prisma's schema engine creates it (7.10). */
const createTable = `CREATE TABLE "${tableName}" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

/**
 * Records an applied migration as the Prisma command line would. Instants are epoch ms in integers: so does its engine
 * write them on SQLite, and a column that mixed integers and text would not sort by time any more.
 */
export function recordMigration(
  connection: SqliteConnection,
  applied: { readonly migration: Migration; readonly startedAtMs: number; readonly finishedAtMs: number },
): void {
  const exists = connection
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '${tableName}'`)
    .get();
  if (exists === undefined) connection.exec(createTable);
  connection
    .prepare(
      `INSERT INTO ${tableName} (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
       VALUES (:id, :checksum, :finishedAtMs, :name, :startedAtMs, 1)`,
    )
    .run({
      id: randomUUID(),
      checksum: applied.migration.checksum,
      finishedAtMs: applied.finishedAtMs,
      name: applied.migration.name,
      startedAtMs: applied.startedAtMs,
    });
}
