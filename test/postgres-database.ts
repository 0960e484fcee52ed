// A real PostgreSQL for tests: one database with a random name for the whole run (test/postgres-server.ts), in it a schema of its own
// for each case, with this project's tables. Without TEST_POSTGRES_URL the suites that need it are skipped, and the run says so.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { describe, inject, onTestFinished } from 'vitest';
import { sqlForTable } from '../apps/outbox/outbox-table.ts';
import { projectRoot } from './helpers.ts';
import type { EventColumns, EventRow } from './outbox-database.ts';

/** The URL of the run's database; null when there is no server to test with. */
export const postgresUrl: string | null = inject('postgresUrl');

/** `describe` where a server is, `describe.skip` elsewhere. */
export const describeOnPostgres = postgresUrl === null ? describe.skip : describe;

/** The statements of all migrations for PostgreSQL, oldest first. */
export function postgresSchemaSql(): string {
  const folder = path.join(projectRoot, 'prisma', 'postgres', 'migrations');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => readFileSync(path.join(folder, name, 'migration.sql'), 'utf8'))
    .join('\n');
}

/** A new, empty schema, a client that sees it first, and what drops it and closes the client. */
export async function createSchema() {
  const name = `t${randomBytes(6).toString('hex')}`;
  const url = new URL(postgresUrl ?? '');
  url.searchParams.set('options', `-c search_path=${name}`);
  const client = new pg.Client({
    connectionString: url.href,
    types: { getTypeParser: (oid, format) => (oid === 20 ? Number : pg.types.getTypeParser(oid, format)) },
  });
  await client.connect();
  await client.query(`CREATE SCHEMA ${name}`);
  const drop = async () => {
    await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
    await client.end();
  };
  return { url: url.href, name, client, drop };
}

/** A new, empty schema; it is dropped when the test has finished. */
export async function newSchema(): Promise<{
  readonly url: string;
  readonly name: string;
  readonly client: pg.Client;
}> {
  const { drop, ...schema } = await createSchema();
  onTestFinished(drop);
  return schema;
}

/** A new schema with the outbox's tables, under another name of the table if one is given. */
export async function newOutbox(table = 'events') {
  const schema = await newSchema();
  await schema.client.query(sqlForTable(postgresSchemaSql(), table));
  return schema;
}

/** The same schema as a role that may do nothing there yet; it is dropped when the test has finished. */
export async function asNobody(made: Awaited<ReturnType<typeof newSchema>>) {
  const role = `outbox_test_${randomBytes(6).toString('hex')}`;
  await made.client.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${made.name} TO ${role}`);
  onTestFinished(async () => void (await made.client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
  const url = new URL(made.url);
  url.searchParams.set('options', `${url.searchParams.get('options')} -c role=${role}`);
  return { role, url: url.href };
}

/** A session that holds the lock of a relayer that sleeps, until the test has finished: so commits are told. */
export async function asleepOn(url: string, table = 'events'): Promise<void> {
  const sleeper = new pg.Client({ connectionString: url });
  await sleeper.connect();
  onTestFinished(() => sleeper.end());
  await sleeper.query(
    `SELECT pg_advisory_lock(hashtext('outbox:' || current_schema() || '.' || $1::text), 65)`,
    [table],
  );
}

/** Inserts one event; what is not given is left to the defaults. Returns its seq. */
export async function insertPostgresEvent(
  client: pg.Client,
  columns: EventColumns = {},
  table = 'events',
): Promise<number> {
  const row = { business_id: 'acme', event_type: 'invoice.created', payload: '{"n":1}', ...columns };
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  const { rows } = await client.query<{ seq: number }>(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING seq`,
    Object.values(row),
  );
  return rows[0]?.seq ?? Number.NaN;
}

/** The row of one event as SQLite would hold it, or null when there is none. */
export async function postgresRow(
  client: pg.Client,
  seq: number,
  table = 'events',
): Promise<EventRow | null> {
  const { rows } = await client.query(`SELECT * FROM ${table} WHERE seq = $1`, [seq]);
  return rows[0] === undefined ? null : asOnSqlite(rows[0]);
}

/** A row of `events`, with its instants as SQLite would hold them. */
export function asOnSqlite(row: Readonly<Record<string, unknown>>): EventRow {
  const text = (value: unknown) =>
    value instanceof Date ? value.toISOString().replace('Z', '+00:00') : value;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, text(value)]),
  ) as unknown as EventRow;
}

/** What makes our tables as good as new; 5 ms, where making them takes 100. */
export function emptyingSql(table = 'events'): string {
  return `DELETE FROM ${table}; SELECT setval('${table}_seq_seq', 1, false);
          DELETE FROM outbox_log; SELECT setval('outbox_log_id_seq', 1, false)`;
}
