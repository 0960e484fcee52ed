// The stock on PostgreSQL: a database with a random name on a server, which a keeper drops even when the benchmark is killed; in it a schema
// for each copy. The server is whoever's it is: nothing of it is set.
import { packageRoot } from '../../apps/outbox/environment.ts';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import {
  connectPostgres,
  type PostgresConnection,
  type Queries,
} from '../../apps/outbox/postgres/connection.ts';
import { BenchError } from './bench-error.ts';
import { postgresBulk } from './bulk-postgres.ts';
import { formEvent } from './event-form.ts';
import type { Ground, RelayerSetup } from './ground.ts';
import { aboutPostgres, looksAtPostgres, schemaOf } from './looks-postgres.ts';
import { inTime, until } from './patience.ts';
import { startKeeper } from './peers/keeper-link.ts';
import { whyAbsent } from './peers/server-address.ts';
import { serverUsage } from './peers/server-usage.ts';
import { startRelayer } from './relayer-process.ts';
import { deliveredBefore, making, type Stock } from './stock.ts';

/** A vacuum of ten million rows takes minutes. */
const longestStatementMs = 3_600_000;

export interface PostgresStockOptions {
  readonly serverUrl: string;
  readonly relayer: Omit<RelayerSetup, 'database'>;
  readonly signal: AbortSignal;
}

/** Makes the database. Throws ERR_BENCH_COULD_NOT_RUN when the server does not let it. */
export async function createPostgresStock(ground: Ground, options: PostgresStockOptions): Promise<Stock> {
  const { serverUrl: url, relayer, signal } = options;
  const { keeper, database } = await keepDatabase(ground, url);
  const connection = connectPostgres({
    ...{ url: database, synchronousCommit: 'off', applicationName: 'outbox-bench', connections: 2 },
    statementTimeoutMs: longestStatementMs,
  });
  const looks = looksAtPostgres(connection);
  const addEvents = (copy: string, count: number) => insertEvents(connection, schemaOf(copy), count);
  let schemas = 0;
  const create = async (): Promise<string> => {
    schemas += 1;
    const copy = new URL(database);
    copy.searchParams.set('schema', `copy_${schemas}`);
    await connection.run(`CREATE SCHEMA copy_${schemas}`);
    await prepareDatabase(copy.href);
    return copy.href;
  };
  const makeKnown = async () => {
    const copy = await create();
    await addEvents(copy, deliveredBefore);
    const process = startRelayer(ground, { ...relayer, database: copy });
    const isPending = looks.pendingIn(copy);
    const limit = { what: 'a relayer makes a database ready', withinMs: 30_000, signal };
    await Promise.race([process.failed, until(async () => !(await isPending()), limit)]).finally(() =>
      process.stop(),
    );
    return schemaOf(copy);
  };
  let known: Promise<string> | null = null;
  const fill = async (copy: string, pending: number, from: string | null) => {
    if (from !== null) await copyRows(connection, { from, to: schemaOf(copy) });
    await addEvents(copy, pending);
    await connection.run(`ANALYZE ${schemaOf(copy)}.events`);
    return copy;
  };
  return {
    ...looks,
    addEvents,
    addAtOnce: (copy, count, beforeCommit) =>
      connection.transaction(async (tx) => {
        await insertEvents(tx, schemaOf(copy), count);
        return beforeCommit();
      }),
    bulk: postgresBulk({
      connection,
      isOnThisMachine: async () => (await cpuOfServer(connection, database)) !== null,
    }),
    async take(pending) {
      known ??= makeKnown();
      return inTime(fill(await create(), pending, await known), making(pending, signal));
    },
    async takeNew(pending) {
      return inTime(fill(await create(), pending, null), making(pending, signal));
    },
    async drop(copy) {
      await connection.run(`DROP SCHEMA ${schemaOf(copy)} CASCADE`);
    },
    about: () => aboutPostgres(connection),
    serverCpuMs: () => cpuOfServer(connection, database),
    async end() {
      await connection.close();
      await keeper.end();
    },
  };
}

/** A database of the benchmark's own on that server, and who drops it. */
async function keepDatabase(ground: Ground, url: string) {
  const absent = await whyAbsent('PostgreSQL', url);
  if (absent !== null) throw new BenchError('ERR_BENCH_COULD_NOT_RUN', absent);
  const keeper = await startKeeper(ground, { server: 'PostgreSQL', url, modules: packageRoot });
  if ('refused' in keeper.kept) {
    await keeper.end();
    throw new BenchError('ERR_BENCH_COULD_NOT_RUN', keeper.kept.refused);
  }
  return { keeper, database: keeper.kept.database };
}

/** The columns that a relayer that starts looks at; the sequences go on from what is there. */
async function copyRows(connection: PostgresConnection, { from, to }: { from: string; to: string }) {
  const columns =
    'id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at, available_at, gateway';
  await connection.run(
    `INSERT INTO ${to}.events (${columns}) SELECT ${columns} FROM ${from}.events ORDER BY seq`,
  );
  await connection.run(
    `INSERT INTO ${to}.outbox_log (at, kind, event_seq, detail) SELECT at, kind, event_seq, detail FROM ${from}.outbox_log ORDER BY id`,
  );
}

const perTransaction = 10_000;

async function insertEvents(queries: Queries, schema: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += perTransaction) {
    const length = Math.min(perTransaction, count - from);
    const events = Array.from({ length }, (_, n) => formEvent(from + n));
    await queries.run(
      `INSERT INTO ${schema}.events (business_id, event_type, payload) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`,
      [
        events.map(({ businessId }) => businessId),
        events.map(({ eventType }) => eventType),
        events.map(({ payload }) => payload),
      ],
    );
  }
}

async function cpuOfServer(connection: PostgresConnection, url: string): Promise<number | null> {
  // The same process id elsewhere would be somebody else's.
  if (!['', 'localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)) return null;
  const [row] = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return serverUsage(row?.pid ?? 0, 'postgres');
}
