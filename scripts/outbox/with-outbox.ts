// Opens the outbox for one command and closes it again. It never creates a database (a typo in DATABASE_URL must not leave
// an empty file behind) and never migrates one: old applications may be running on it.
import { existsSync, statSync } from 'node:fs';
import process from 'node:process';
import { blocked, explained } from '../../apps/outbox/database-error.ts';
import { databaseFile, type Environment, readEnvironment } from '../../apps/outbox/environment.ts';
import { isPassing } from '../../apps/outbox/judge-trouble.ts';
import { standingOfDatabase } from '../../apps/outbox/migrate.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable } from '../../apps/outbox/outbox-table.ts';
import { openDatabase, openForReading, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { type SqliteStore, sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import { mustBeUsable } from '../../apps/outbox/usable-path.ts';

export interface OpenOutbox {
  readonly environment: Environment;
  readonly file: string;
  /** The outbox's table; every statement is prepared for it. */
  readonly table: string;
  readonly db: SqliteConnection;
  readonly store: SqliteStore;
}

/** A person at a terminal can wait for the applications' short transactions. */
const busyTimeoutMs = 5_000;

/**
 * Runs `use` with the outbox that DATABASE_URL names. `read` needs no right to write, and can change nothing.
 * Throws OutboxError when there is no such outbox, or it is not one that this release knows.
 */
export async function withOutbox<Result>(
  access: 'read' | 'write',
  use: (outbox: OpenOutbox) => Promise<Result>,
): Promise<Result> {
  const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
  const file = existingDatabase(environment);
  const table = outboxTable(environment);
  let db: SqliteConnection | undefined;
  try {
    if (access === 'write') mustBeUsable(file);
    await mustBeCurrent(file, table);
    // FULL: what a person decided must not be forgotten in a power cut.
    db =
      access === 'read'
        ? openForReading(file, { busyTimeoutMs, table })
        : await openDatabase(file, {
            ...{ synchronous: 'FULL', busyTimeoutMs, autocheckpointPages: 10_000, table },
          });
    return await use({ environment, file, table, db, store: sqliteStore(db) });
  } catch (error) {
    throw toldToAPerson(file, error);
  } finally {
    db?.close();
  }
}

/** What SQLite says in our words: an application would be started again by itself, a command is run again by a person. */
export function toldToAPerson(file: string, error: unknown): unknown {
  const isBlocked = error instanceof OutboxError && error.code === 'ERR_OUTBOX_DATABASE_BLOCKED';
  const cause = isBlocked ? error.cause : error;
  return isPassing(cause) ? blocked(file, cause, 'run the command again') : explained(file, error);
}

/** The path of the database. Throws ERR_OUTBOX_DATABASE_UNAVAILABLE when no file is there. */
function existingDatabase(environment: Environment): string {
  const file = databaseFile(environment);
  if (existsSync(file)) {
    if (!statSync(file).isDirectory()) return file;
    throw new OutboxError('ERR_OUTBOX_DATABASE_UNAVAILABLE', `${file} is a folder: name the file in it`);
  }
  throw new OutboxError(
    'ERR_OUTBOX_DATABASE_UNAVAILABLE',
    `there is no database at ${file}: set DATABASE_URL, or start the applications, which create it`,
  );
}

async function mustBeCurrent(file: string, table: string): Promise<void> {
  const standing = await standingOfDatabase(file, { outboxTable: table });
  if (standing.kind === 'adopted' || standing.pending.length === 0) return;
  throw new OutboxError(
    'ERR_OUTBOX_DATABASE_HISTORY',
    `${file} lacks ${standing.pending.join(', ')}: start the applications of this release, or run npm run db:migrate. Nothing was changed`,
  );
}
