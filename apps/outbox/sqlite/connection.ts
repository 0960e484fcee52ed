// Opens SQLite the one way this project does: WAL, a durability that is set and read back on every connection, short
// waits for locks, readable by its owner only. It knows nothing of tables.
import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { type Clock, sleep, systemClock } from '../clock.ts';
import { crashPoint } from '../crash-point.ts';
import { blocked, describeDatabaseError, unavailable } from '../database-error.ts';
import { OutboxError } from '../outbox-error.ts';
import { defaultTable, sqlForTable } from '../outbox-table.ts';
import { isBusy } from './code.ts';

export type SqliteConnection = Database.Database;

export interface OpenOptions {
  /**
   * FULL syncs the WAL at each commit: a power cut loses nothing (the writing side). NORMAL may lose the newest
   * commits in a power cut, never in a crash (the relayer: it would merely send again under the same key).
   */
  readonly synchronous: 'FULL' | 'NORMAL';
  /**
   * How long a statement may wait for another process's lock. better-sqlite3 waits synchronously: the event loop
   * stands still meanwhile.
   */
  readonly busyTimeoutMs: number;
  /** WAL pages (4 KiB) after which a commit on this connection checkpoints; 0 never does. */
  readonly autocheckpointPages: number;
  /** The outbox's table, default `events`: whatever is prepared on the connection is meant for this one. */
  readonly table?: string;
  readonly clock?: Clock;
}

/**
 * SQLite before 3.51.3 can corrupt the file when two processes write and checkpoint at the same instant (the
 * WAL-reset bug), which is exactly how an ingester and a relayer meet.
 */
export const oldestSafeVersion = '3.51.3';
const openDeadlineMs = 15_000;
/** A WAL that grew in a burst is cut back to this size at the next checkpoint that resets it. */
const walLimitBytes = 16 * 1024 * 1024;

/**
 * Opens or creates the database file. Opening, the switch to WAL and the pragmas are tried again for up to 15 s
 * while another process holds the lock: with a new file and two starters that was seen in 5 of 75 starts in spite of
 * a busy timeout. Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, _BLOCKED, _CORRUPT or ERR_OUTBOX_SQLITE_VERSION.
 */
export async function openDatabase(file: string, options: OpenOptions): Promise<SqliteConnection> {
  const clock = options.clock ?? systemClock;
  const startedMs = clock.monotonicMs();
  createOwnerOnly(file);
  for (;;) {
    const attempt = tryOpen(file, options);
    if (attempt.kind === 'open') return attempt.connection;
    if (clock.monotonicMs() - startedMs > openDeadlineMs) {
      throw blocked(file, attempt.error);
    }
    await sleep(clock, 5 + Math.random() * 45);
  }
}

type Attempt =
  | { readonly kind: 'open'; readonly connection: SqliteConnection }
  | { readonly kind: 'busy'; readonly error: unknown };

function tryOpen(file: string, options: OpenOptions): Attempt {
  let connection: SqliteConnection | undefined;
  try {
    connection = new Database(file, { timeout: options.busyTimeoutMs });
    configure(connection, options);
    if (options.table !== undefined && options.table !== defaultTable) aimAt(connection, options.table);
    return { kind: 'open', connection };
  } catch (error) {
    connection?.close();
    if (isBusy(error)) return { kind: 'busy', error };
    throw describeDatabaseError(file, error);
  }
}

/**
 * Opens an existing file for looking only: no statement on it can change anything, and it sets nothing that stays. Works
 * on a file that this user may not write. Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, _BLOCKED or _CORRUPT.
 */
export function openForReading(
  file: string,
  { busyTimeoutMs, table = defaultTable }: Pick<OpenOptions, 'busyTimeoutMs' | 'table'>,
): SqliteConnection {
  let connection: SqliteConnection | undefined;
  try {
    // Not read-only where it can be helped: such a connection would leave -wal and -shm files behind.
    connection = new Database(file, { timeout: busyTimeoutMs, fileMustExist: true });
    connection.pragma('query_only = 1');
    connection.prepare('SELECT count(*) FROM sqlite_schema').get();
    if (table !== defaultTable) aimAt(connection, table);
    return connection;
  } catch (error) {
    connection?.close();
    throw describeDatabaseError(file, error);
  }
}

/** Sets this project's pragmas on a connection and reads back those that safety rests on. */
export function configure(connection: SqliteConnection, options: OpenOptions): void {
  const version = String(connection.prepare('SELECT sqlite_version()').pluck().get());
  if (compareVersions(version, oldestSafeVersion) < 0) {
    throw new OutboxError(
      'ERR_OUTBOX_SQLITE_VERSION',
      `SQLite ${version} can corrupt a database that two processes share: ${oldestSafeVersion} or later is needed. Run "npm ci" again.`,
    );
  }
  connection.pragma(`busy_timeout = ${options.busyTimeoutMs}`);
  verify(connection, 'journal_mode', 'wal', connection.pragma('journal_mode = WAL', { simple: true }));
  crashPoint('database:in-wal-mode');
  connection.pragma(`synchronous = ${options.synchronous}`);
  const level = connection.pragma('synchronous', { simple: true });
  verify(connection, 'synchronous', options.synchronous === 'FULL' ? 2 : 1, level);
  // On macOS fsync alone does not reach the disk; elsewhere this changes nothing.
  if (options.synchronous === 'FULL') connection.pragma('fullfsync = 1');
  connection.pragma(`wal_autocheckpoint = ${options.autocheckpointPages}`);
  connection.pragma(`journal_size_limit = ${walLimitBytes}`);
}

function aimAt(connection: SqliteConnection, table: string): void {
  const prepare = connection.prepare.bind(connection);
  connection.prepare = ((sql: string) => prepare(sqlForTable(sql, table))) as typeof connection.prepare;
}

function verify(connection: SqliteConnection, pragma: string, wanted: unknown, got: unknown): void {
  if (got === wanted) return;
  throw unavailable(
    connection.name,
    `does not take ${pragma}=${wanted} (it says ${got}): is it on a network or read-only file system? Move it to a local disk`,
  );
}

/** Creates a missing file with mode 0600, which SQLite then gives to the -wal and -shm files too. Never opens an existing one. */
export function createOwnerOnly(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    crashPoint('file:created');
  } catch {
    // It exists already, or cannot be created: then opening it says why.
  }
}

/** Negative, 0 or positive as the first version is older, the same or newer; only three numbers count. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
