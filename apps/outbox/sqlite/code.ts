// What SQLite's result codes mean for us: wait, give up, or a mistake of ours. It judges errors and opens nothing.
import Database from 'better-sqlite3';
import type { TroubleKind } from '../database-trouble.ts';

/** Null when the error is not SQLite's. */
export function sqliteTrouble(error: unknown): TroubleKind | null {
  if (isBusy(error)) return 'busy';
  if (isPassing(error)) return 'passing';
  if (isCorrupt(error)) return 'damaged';
  return sqliteCode(error) === '' ? null : 'refused';
}

/** Whether SQLite said that another connection holds the lock: try again later. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error).startsWith('SQLITE_BUSY') || sqliteCode(error).startsWith('SQLITE_LOCKED');
}

/**
 * Whether SQLite named a trouble that may pass by itself: a lock, a full disk, an I/O error. On a full disk even opening
 * fails with an I/O error, since the -shm file cannot grow.
 */
export function isPassing(error: unknown): boolean {
  return isBusy(error) || /^SQLITE_(?:FULL|IOERR)/.test(sqliteCode(error));
}

/** Whether SQLite said that the file is damaged or no database at all: trying again cannot help. */
export function isCorrupt(error: unknown): boolean {
  return sqliteCode(error).startsWith('SQLITE_CORRUPT') || sqliteCode(error) === 'SQLITE_NOTADB';
}

/** Whether SQLite said anything at all; an error of any other kind is a mistake of ours. */
export function isDatabaseError(error: unknown): boolean {
  return sqliteCode(error) !== '';
}

/** SQLite's extended result code by name, such as `SQLITE_BUSY`; empty for any other error. */
export function sqliteCode(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}
