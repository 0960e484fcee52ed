// Applies pending migrations on PostgreSQL, each with its row of the history in one transaction and under the advisory lock that Prisma's
// own command line takes, so that any number of processes may do it at once and a kill leaves no half of one.
import type { Clock } from '../clock.ts';
import { crashPoint } from '../crash-point.ts';
import type { Migration } from '../migration-files.ts';
import { standingOf } from '../migration-history.ts';
import { pendingOrThrow } from '../migration-refusal.ts';
import type { PostgresAddress } from './address.ts';
import type { PostgresConnection, Queries } from './connection.ts';
import { readPostgresHistory, recordPostgresMigration } from './history.ts';
import { unusable } from './refusal.ts';
import { readServerFacts } from './server-facts.ts';

/** How long to wait for another process, which may be migrating, and for whoever holds a table. */
const lockWaitMs = 15_000;
/**
 * Prisma's number (its schema engine, 7.10). Its command line takes the lock for its session, we for one transaction: so it also works
 * through a pool that hands out connections by transaction.
 */
const prismaLock = 72707369;

interface Work {
  readonly connection: PostgresConnection;
  readonly address: PostgresAddress;
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
}

/**
 * Applies what is pending and returns the names. A schema that `?schema=` names is created, as Prisma does. The connection must not
 * prepare statements: a migration is many. Throws OutboxError or DatabaseTrouble.
 */
export async function applyPostgresMigrations(work: Work): Promise<readonly string[]> {
  const applied: string[] = [];
  for (;;) {
    const name = await work.connection.transaction((tx) => applyNext(tx, work), { isUnhurried: true });
    if (name === null) return applied;
    applied.push(name);
    crashPoint('migration:committed');
  }
}

/** Applies the first pending migration and returns its name, or null when there is none left. */
async function applyNext(tx: Queries, { address, migrations, clock }: Work): Promise<string | null> {
  // A migration may take its time on a large table, and what it did must not be forgotten.
  await tx.run(`SET LOCAL lock_timeout = ${lockWaitMs}`);
  await tx.run('SET LOCAL statement_timeout = 0');
  await tx.run('SET LOCAL synchronous_commit = on');
  await tx.query(`SELECT pg_advisory_xact_lock(${prismaLock})`);
  crashPoint('migration:begun');
  // Read again under the lock: another process may have come first.
  const schema = await schemaOf(tx, address);
  const standing = standingOf(await readPostgresHistory(tx, schema), migrations);
  const [next] = pendingOrThrow(address.shown, standing);
  if (next === undefined) return null;
  const startedAtMs = clock.nowMs();
  await tx.run(next.sql);
  crashPoint('migration:applied');
  await recordPostgresMigration(tx, { schema, migration: next, startedAtMs, finishedAtMs: clock.nowMs() });
  crashPoint('migration:recorded');
  return next.name;
}

/** Creating a schema "if not exists" would need the right to create one even where it exists. */
async function schemaOf(tx: Queries, address: PostgresAddress): Promise<string> {
  const { schema } = await readServerFacts(tx);
  if (schema !== null) return schema;
  if (address.schema !== null) {
    await tx.run(`CREATE SCHEMA "${address.schema.replaceAll('"', '""')}"`);
    return address.schema;
  }
  throw unusable(
    address,
    'has no schema that this user may use in its search_path: create one, or name one with ?schema= in DATABASE_URL',
  );
}
