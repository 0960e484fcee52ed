// Applies pending migrations, each with its row of the history in one transaction, so that any number of processes may
// do it at once and a kill leaves no half of one. It never runs on a database that is not ours.
import { type Clock, sleep } from './clock.ts';
import { crashPoint } from './crash-point.ts';
import { describeDatabaseError } from './database-error.ts';
import type { Migration } from './migration-files.ts';
import { readHistory, recordMigration, standingOf } from './migration-history.ts';
import { pendingOrThrow } from './migration-refusal.ts';
import { isBusy } from './sqlite/code.ts';
import { openDatabase, type SqliteConnection } from './sqlite/connection.ts';

/** How long to wait for another process, which may be migrating the same new file. */
const lockWaitMs = 15_000;

/** Applies what is pending and returns the names. Throws ERR_OUTBOX_DATABASE_... when it cannot. */
export async function applyMigrations(
  file: string,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  const connection = await openDatabase(file, {
    synchronous: 'FULL',
    busyTimeoutMs: 20,
    autocheckpointPages: 1000,
    clock,
  });
  try {
    // A migration that rebuilds a table needs this off, and inside a transaction it cannot be switched.
    connection.pragma('foreign_keys = OFF');
    const applied: string[] = [];
    for (;;) {
      const name = await applyNext({ connection, file, migrations, clock });
      if (name === null) return applied;
      applied.push(name);
      crashPoint('migration:committed');
    }
  } catch (error) {
    throw describeDatabaseError(file, error);
  } finally {
    connection.close();
  }
}

interface Step {
  readonly connection: SqliteConnection;
  readonly file: string;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
}

/** Applies the first pending migration and returns its name, or null when there is none left. */
async function applyNext({ connection, file, migrations, clock }: Step): Promise<string | null> {
  await beginImmediate(connection, clock);
  crashPoint('migration:begun');
  try {
    // Read again under the write lock: another process may have come first.
    const [next] = pendingOrThrow(file, standingOf(readHistory(connection), migrations));
    if (next !== undefined) {
      const startedAtMs = clock.nowMs();
      connection.exec(next.sql);
      crashPoint('migration:applied');
      recordMigration(connection, { migration: next, startedAtMs, finishedAtMs: clock.nowMs() });
      crashPoint('migration:recorded');
    }
    connection.exec('COMMIT');
    return next?.name ?? null;
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

async function beginImmediate(connection: SqliteConnection, clock: Clock): Promise<void> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      connection.exec('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() - startedMs > lockWaitMs) throw error;
    }
    await sleep(clock, 5 + Math.random() * 45);
  }
}
