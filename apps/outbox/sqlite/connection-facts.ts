// How durable a connection really is, as SQLite itself says. Nobody can see this from outside a process: each that matters
// writes it into the record when it opens the database, and the doctor reads it there.

import { thisProcess } from '../this-process.ts';
import type { SqliteConnection } from './connection.ts';
import { type LockRetryOptions, retryWhileLocked } from './lock-retry.ts';

/** What a process says of itself and its connection; the names are those of the record. */
export interface ConnectionFacts {
  readonly pid: number;
  readonly node: string;
  readonly sqlite: string;
  readonly journal_mode: string;
  readonly synchronous: string;
}

const levels = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/** Asks the connection. Throws what SQLite throws. */
export function connectionFacts(connection: SqliteConnection): ConnectionFacts {
  return {
    ...thisProcess,
    sqlite: String(connection.prepare('SELECT sqlite_version()').pluck().get()),
    journal_mode: String(connection.pragma('journal_mode', { simple: true })),
    synchronous: levels[Number(connection.pragma('synchronous', { simple: true }))] ?? 'unknown',
  };
}

/**
 * Writes that an application has opened its writing connection, and waits for a busy lock as `wait` says: relayers that start at
 * the same time write, too. Never fails: the record must not keep the application from its work.
 */
export async function recordWriter(connection: SqliteConnection, wait: LockRetryOptions): Promise<void> {
  try {
    const facts = JSON.stringify(connectionFacts(connection));
    const insert = connection.prepare(`INSERT INTO outbox_log (kind, detail) VALUES ('writer_opened', ?)`);
    await retryWhileLocked(async () => insert.run(facts), wait);
  } catch {
    // Locked for too long, or no outbox in this database yet.
  }
}
