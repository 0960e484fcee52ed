// Opens the outbox for one command and closes it again. It never creates a database (a typo in DATABASE_URL must not leave
// an empty file behind) and never migrates one: old applications may be running on it.

import { existsSync, statSync } from 'node:fs';
import process from 'node:process';
import { systemClock } from '../../apps/outbox/clock.ts';
import { blocked, explained } from '../../apps/outbox/database-error.ts';
import { databasePlace } from '../../apps/outbox/database-place.ts';
import { databaseFile, type Environment, readEnvironment } from '../../apps/outbox/environment.ts';
import { isPassing } from '../../apps/outbox/judge-trouble.ts';
import { loadPostgres } from '../../apps/outbox/load-postgres.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable } from '../../apps/outbox/outbox-table.ts';
import { openDatabase, openForReading, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { slotsAlive } from '../../apps/outbox/sqlite/relayers-alive.ts';
import { sqliteStore } from '../../apps/outbox/sqlite/store.ts';
import { mustBeUsable } from '../../apps/outbox/usable-path.ts';
import { mustBeCurrent } from './must-be-current.ts';
import type { OpenOutbox } from './open-outbox.ts';
import type { ServerOrder } from './with-postgres.ts';

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
  const table = outboxTable(environment);
  const { engine, url } = databasePlace(environment);
  if (engine === 'sqlite') return withFile({ environment, table, access }, use);
  const { withPostgres } = await loadPostgres(import('./with-postgres.ts'));
  return withPostgres({ environment, url, table, access }, use);
}

async function withFile<Result>(
  { environment, table, access }: Omit<ServerOrder, 'url'>,
  use: (outbox: OpenOutbox) => Promise<Result>,
): Promise<Result> {
  const file = existingDatabase(environment);
  let db: SqliteConnection | undefined;
  try {
    if (access === 'write') mustBeUsable(file);
    await mustBeCurrent({ url: file, shown: file }, { table, access });
    // FULL: what a person decided must not be forgotten in a power cut.
    db =
      access === 'read'
        ? openForReading(file, { busyTimeoutMs, table })
        : await openDatabase(file, {
            ...{ synchronous: 'FULL', busyTimeoutMs, autocheckpointPages: 10_000, table },
          });
    return await use({
      ...{ environment, table, store: sqliteStore(db) },
      nowMs: () => systemClock.nowMs(),
      alive: async () => slotsAlive(file),
      room: async () => ({ file, bytes: statSync(file).size }),
      engine: { kind: 'sqlite', file, db },
    });
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
