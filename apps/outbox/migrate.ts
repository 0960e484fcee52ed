// Makes a database file fit for the outbox, or says why it is not: our own database is brought up to date, somebody
// else's is only looked at. It never migrates, and never writes history into, a database that is not ours.

import { applyMigrations } from './apply-migrations.ts';
import { type Clock, systemClock } from './clock.ts';
import { corrupt, describeDatabaseError, unavailable } from './database-error.ts';
import { fileOfUrl, isInstalled } from './environment.ts';
import { loadPostgres } from './load-postgres.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { readHistory, type Standing, standingOf } from './migration-history.ts';
import { foreign, pendingOrThrow } from './migration-refusal.ts';
import { problemsOfShape } from './outbox-shape.ts';
import { defaultTable, outboxTables } from './outbox-table.ts';
import { isPostgresUrl } from './postgres/address.ts';
import type { DatabaseStanding, Prepared, PrepareOptions } from './prepared.ts';
import { diedAtBirth, readQuietly, sizeOf } from './sqlite/quiet-read.ts';
import { mustBeUsable } from './usable-path.ts';

/** SQLite's smallest page. */
const smallestDatabaseBytes = 512;

/**
 * Creates or migrates the database file when it is ours (new, empty, or with our history), each migration and its row
 * in one transaction, so that any number of processes may start at once and a kill leaves no half of one. Otherwise it
 * checks that the outbox tables are there and fit. A refused file keeps every byte. Installed in another application,
 * and for a table of another name, it only ever checks: a file that we created there would carry our history, and
 * the application's own migrations would no longer apply. Instead of a file it takes a `postgres://` URL (postgres/prepare.ts).
 * Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, _BLOCKED, _CORRUPT, _FOREIGN (with the SQL to add) or _HISTORY.
 */
export async function prepareDatabase(file: string, options: PrepareOptions = {}): Promise<Prepared> {
  if (isPostgresUrl(file)) return (await onPostgres()).preparePostgres(file, options);
  mustBeUsable(file);
  const standing = await standingOfDatabase(file, options);
  if (standing.kind === 'adopted') return standing;
  if (standing.pending.length === 0) return { kind: 'own', applied: [] };
  const clock = options.clock ?? systemClock;
  return { kind: 'own', applied: await applyMigrations(file, readMigrations(), clock) };
}

/** What `prepareDatabase` would find and refuse, without changing or needing to change anything. Throws as it does. */
export async function standingOfDatabase(
  file: string,
  options: PrepareOptions = {},
): Promise<DatabaseStanding> {
  if (isPostgresUrl(file)) return (await onPostgres()).standingOfPostgres(file, options);
  if (isInstalled || (options.outboxTable ?? defaultTable) !== defaultTable) {
    await mustFit(file, options);
    return { kind: 'adopted' };
  }
  const migrations = readMigrations();
  const names = (pending: readonly Migration[]) => pending.map(({ name }) => name);
  if (sizeOf(file) === 0 || diedAtBirth(file)) return { kind: 'own', pending: names(migrations) };
  const { tables = outboxTables, clock = systemClock } = options;
  const standing = await inspect(file, { tables, migrations, clock });
  if (standing.kind === 'foreign') return { kind: 'adopted' };
  return { kind: 'own', pending: names(pendingOrThrow(file, standing)) };
}

/**
 * Checks that a database, whoever migrates it, holds outbox tables that fit. It creates and changes nothing. `url` is a
 * path, a `file:` URL, relative to the working directory, or a `postgres://` URL.
 * Throws ERR_OUTBOX_DATABASE_UNAVAILABLE (also when there is no file), _BLOCKED, _CORRUPT, ERR_OUTBOX_POSTGRES_VERSION or
 * _FOREIGN (with the SQL to add).
 */
export async function checkDatabase(url: string, options: PrepareOptions = {}): Promise<void> {
  if (isPostgresUrl(url)) return (await onPostgres()).checkPostgres(url, options);
  const file = fileOfUrl(url);
  mustBeUsable(file);
  await mustFit(file, options);
}

/** Loaded on demand: what works on a file must not wait for PostgreSQL's client. */
const onPostgres = () => loadPostgres(import('./postgres/prepare.ts'));

async function mustFit(file: string, options: PrepareOptions): Promise<void> {
  if (sizeOf(file) === 0)
    throw unavailable(file, 'is not there or empty: create it with your own migrations first');
  const migrations = readMigrations();
  try {
    const problems = await readQuietly(file, options.clock ?? systemClock, (connection) =>
      problemsOfShape(connection, options.tables ?? outboxTables, {
        migrations,
        outboxTable: options.outboxTable ?? defaultTable,
      }),
    );
    if (problems.length > 0) throw foreign(file, problems);
  } catch (error) {
    throw describeDatabaseError(file, error);
  }
}

interface Inspection {
  readonly tables: readonly string[];
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
}

async function inspect(file: string, { tables, migrations, clock }: Inspection): Promise<Standing> {
  try {
    // SQLite takes a few bytes of anything for an empty database, and would write over them.
    if (sizeOf(file) < smallestDatabaseBytes) throw corrupt(file);
    return await readQuietly(file, clock, (connection) => {
      const standing = standingOf(readHistory(connection), migrations);
      if (standing.kind !== 'foreign') return standing;
      const problems = problemsOfShape(connection, tables, { migrations, outboxTable: defaultTable });
      if (problems.length > 0) throw foreign(file, problems);
      return standing;
    });
  } catch (error) {
    throw describeDatabaseError(file, error);
  }
}
