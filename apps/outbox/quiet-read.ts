// Looks into a database that may not be ours, without changing a byte of it (but for a rollback that it needs) and without
// leaving files beside it. It sets no pragma; nothing may be written through the connection it lends.
import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Clock, sleep } from './clock.ts';
import { isBusy, type SqliteConnection } from './sqlite.ts';

const longestWaitMs = 15_000;

/**
 * Lends a connection to `read` and returns its result. Trouble that passes by itself (locks, another process opening
 * or closing the file this instant) is tried again for up to 15 s; every other error of SQLite passes unchanged.
 */
export async function readQuietly<Result>(
  file: string,
  clock: Clock,
  read: (connection: SqliteConnection) => Result,
): Promise<Result> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      return readOnce(file, read);
    } catch (error) {
      if (!isPassing(error) || clock.monotonicMs() - startedMs > longestWaitMs) throw error;
    }
    await sleep(clock, 5 + Math.random() * 45);
  }
}

function readOnce<Result>(file: string, read: (connection: SqliteConnection) => Result): Result {
  try {
    return readThrough(file, read, hasLeftovers(file));
  } catch (error) {
    // A transaction in rollback mode was cut off (a kill or a power cut in the very first moments of a database), and until
    // it is rolled back nobody can read anything. Every opener of the file would do that; it loses nothing committed.
    if (sqliteCode(error) === 'SQLITE_READONLY_ROLLBACK') return readThrough(file, read, false);
    throw error;
  }
}

/**
 * Whoever opens a database in WAL mode creates -wal and -shm; on closing, a connection that may write removes them again,
 * and a read-only one leaves them behind. But what a crash left in a -wal or -journal, a connection that may write
 * would also copy into the database: then the read-only one is the quiet one.
 */
function hasLeftovers(file: string): boolean {
  return sizeOf(`${file}-wal`) > 0 || sizeOf(`${file}-journal`) > 0;
}

function readThrough<Result>(
  file: string,
  read: (connection: SqliteConnection) => Result,
  readonly: boolean,
): Result {
  const connection = new Database(file, { readonly, fileMustExist: true, timeout: 0 });
  try {
    return read(connection);
  } finally {
    connection.close();
  }
}

/** Size in bytes, 0 when there is no such file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Besides locks: a -wal or -shm that is being created or removed under a read-only connection. */
function isPassing(error: unknown): boolean {
  const code = sqliteCode(error);
  return isBusy(error) || code === 'SQLITE_READONLY_CANTINIT' || code === 'SQLITE_READONLY_RECOVERY';
}

function sqliteCode(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}
