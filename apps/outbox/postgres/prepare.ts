// Makes a PostgreSQL database fit for the outbox, or says why it is not: our own schema is brought up to date, somebody else's is only
// looked at. It never migrates, and never writes history into, a schema that is not ours.
import { type Clock, systemClock } from '../clock.ts';
import { DatabaseTrouble } from '../database-trouble.ts';
import { isInstalled } from '../environment.ts';
import { readMigrations } from '../migration-files.ts';
import { standingOf } from '../migration-history.ts';
import { foreign, pendingOrThrow } from '../migration-refusal.ts';
import { defaultTable, outboxTables } from '../outbox-table.ts';
import type { DatabaseStanding, Prepared, PrepareOptions } from '../prepared.ts';
import { type PostgresAddress, postgresAddress } from './address.ts';
import { applyPostgresMigrations } from './apply-migrations.ts';
import { connectPostgres, type PostgresConnection } from './connection.ts';
import { readPostgresHistory } from './history.ts';
import { describePostgresError, unusable } from './refusal.ts';
import { refuseLackOfRights } from './rights.ts';
import { readServerFacts, refuseServer } from './server-facts.ts';
import { problemsOfPostgresShape } from './shape.ts';

/**
 * What `prepareDatabase` does for a file, for the schema of a PostgreSQL database: it is ours when it is empty or has our history.
 * Throws ERR_OUTBOX_DATABASE_UNAVAILABLE (configuration: user, password, database, rights), _BLOCKED (may pass: unreachable, starting up,
 * a replica), _FOREIGN (with the SQL to add), _HISTORY or ERR_OUTBOX_POSTGRES_VERSION.
 */
export function preparePostgres(url: string, options: PrepareOptions = {}): Promise<Prepared> {
  return withDatabase(url, async (database) => {
    const standing = await judge(database, options);
    const { connection, address } = database;
    const clock = options.clock ?? systemClock;
    const prepared: Prepared =
      standing.kind === 'adopted'
        ? standing
        : { kind: 'own', applied: await migrate(database, standing, clock) };
    await refuseLackOfRights(connection, { address, ...wantedBy(options), readsHistory: false });
    return prepared;
  });
}

/** What `preparePostgres` would find and refuse, without changing anything. Throws as it does. */
export function standingOfPostgres(url: string, options: PrepareOptions = {}): Promise<DatabaseStanding> {
  return withDatabase(url, (database) => judge(database, options));
}

/**
 * Checks that the database, whoever migrates it, holds outbox tables that fit, for an application that writes events. It changes nothing.
 * Throws as `preparePostgres` does, but never _HISTORY.
 */
export function checkPostgres(url: string, options: PrepareOptions = {}): Promise<void> {
  return withDatabase(url, async (database) => {
    refuseServer(database.address, await readServerFacts(database.connection));
    await mustFit(database, options);
  });
}

interface Database {
  readonly connection: PostgresConnection;
  readonly address: PostgresAddress;
}

async function withDatabase<Result>(
  url: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const address = postgresAddress(url);
  const connection = connectPostgres({
    url,
    synchronousCommit: 'on',
    applicationName: 'outbox prepare',
    connections: 1,
    // It may be one, and a migration is many statements, which cannot be prepared.
    isPooled: true,
  });
  try {
    return await work({ connection, address });
  } catch (error) {
    throw describePostgresError(address, error);
  } finally {
    await connection.close();
  }
}

async function judge(database: Database, options: PrepareOptions): Promise<DatabaseStanding> {
  const { connection, address } = database;
  const facts = await readServerFacts(connection);
  refuseServer(address, facts, options);
  if (isInstalled || (options.outboxTable ?? defaultTable) !== defaultTable) {
    await mustFit(database, options);
    return { kind: 'adopted' };
  }
  if (facts.schema === null && address.schema === null) {
    throw unusable(
      address,
      'has no schema that this user may use in its search_path: create one, or name one with ?schema= in DATABASE_URL',
    );
  }
  const migrations = readMigrations('postgres');
  const history = await readPostgresHistory(connection, facts.schema).catch(async (error: unknown) => {
    if (!isLackOfRights(error)) throw error;
    if (options.onlyReads === true) return null;
    // All that is missing is told at once.
    await refuseLackOfRights(connection, { address, ...wantedBy(options), readsHistory: true });
    throw error;
  });
  const standing = history === null ? { kind: 'foreign' as const } : standingOf(history, migrations);
  if (standing.kind === 'foreign') {
    await mustFit(database, options);
    return { kind: 'adopted' };
  }
  return { kind: 'own', pending: pendingOrThrow(address.shown, standing).map(({ name }) => name) };
}

function wantedBy({ outboxTable = defaultTable, need = 'relay' }: PrepareOptions) {
  return { outboxTable, needs: [need] };
}

function isLackOfRights(error: unknown): boolean {
  return error instanceof DatabaseTrouble && error.code === '42501';
}

async function migrate(
  { connection, address }: Database,
  { pending }: Extract<DatabaseStanding, { kind: 'own' }>,
  clock: Clock,
): Promise<readonly string[]> {
  if (pending.length === 0) return [];
  return applyPostgresMigrations({ connection, address, migrations: readMigrations('postgres'), clock });
}

async function mustFit({ connection, address }: Database, options: PrepareOptions): Promise<void> {
  const problems = await problemsOfPostgresShape(connection, options.tables ?? outboxTables, {
    migrations: readMigrations('postgres'),
    outboxTable: options.outboxTable ?? defaultTable,
  });
  if (problems.length > 0) throw foreign(address.shown, problems);
}
