// Looks into a database that may not be ours, without changing a byte of it and without leaving files beside it. It
// sets no pragma; nothing may be written through the connection it lends.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Clock, sleep } from '../clock.ts';
import { unavailable } from '../database-error.ts';
import { isBusy, sqliteCode } from './code.ts';
import type { SqliteConnection } from './connection.ts';

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
      if (sqliteCode(error) === 'SQLITE_READONLY_ROLLBACK') throw brokenOff(file, error);
      if (!isPassing(error) || clock.monotonicMs() - startedMs > longestWaitMs) throw error;
    }
    await sleep(clock, 5 + Math.random() * 45);
  }
}

function readOnce<Result>(file: string, read: (connection: SqliteConnection) => Result): Result {
  // Whoever opens a database in WAL mode creates -wal and -shm; on closing, a connection that may write removes them
  // again, and a read-only one leaves them behind. But what a crash left in a -wal or -journal, a connection that may
  // write would also copy into the database: then the read-only one is the quiet one.
  const hasLeftovers = sizeOf(`${file}-wal`) > 0 || sizeOf(`${file}-journal`) > 0;
  const connection = new Database(file, { readonly: hasLeftovers, fileMustExist: true, timeout: 0 });
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

/**
 * Whether a crash left a rollback journal of the very first transaction: there was nothing before it, and SQLite will
 * make the file empty again. So ends whoever is killed while it creates a database.
 */
export function diedAtBirth(file: string): boolean {
  const header = Buffer.alloc(20);
  // Unlike the database itself, its journal carries no locks that closing it here could drop.
  if (sizeOf(`${file}-journal`) < header.length) return false;
  const descriptor = openSync(`${file}-journal`, 'r');
  try {
    // The number of pages before the transaction (the SQLite file format, section 3).
    return (
      readSync(descriptor, header, 0, header.length, 0) === header.length && header.readUInt32BE(16) === 0
    );
  } finally {
    closeSync(descriptor);
  }
}

function brokenOff(file: string, cause: unknown): Error {
  return unavailable(
    file,
    'was left in the middle of a transaction by a crash: open it once with the application that it belongs to',
    cause,
  );
}

/** Besides locks: a -wal or -shm that is being created or removed under a read-only connection. */
function isPassing(error: unknown): boolean {
  const code = sqliteCode(error);
  return isBusy(error) || code === 'SQLITE_READONLY_CANTINIT' || code === 'SQLITE_READONLY_RECOVERY';
}
