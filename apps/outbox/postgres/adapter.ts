// Prisma's own driver adapter for PostgreSQL, made safe: every connection commits durably and waits for locks with a bound, a COMMIT that
// the server turned into a rollback is an error, and a call that comes after the end of its transaction is refused. It translates nothing.
import { PrismaPg } from '@prisma/adapter-pg';
import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils';
import type { ClientBase, Pool } from 'pg';
import type { AdapterOptions } from '../adapter-options.ts';
import { OutboxError } from '../outbox-error.ts';
import type { TransactionPlace } from '../transaction-scope.ts';
import { type PostgresAddress, postgresAddress } from './address.ts';
import { describePostgresError, unusable } from './refusal.ts';
import { DurableTransaction } from './transaction.ts';

/** An adapter factory for `new PrismaClient({ adapter })` that knows its database. */
export interface PostgresAdapter extends SqlDriverAdapterFactory {
  readonly gate: TransactionPlace;
}

const defaultLockWaitMs = 10_000;
/** For a connection to the server, and for one of the pool's to become free. */
const connectTimeoutMs = 10_000;

/**
 * Makes the adapter. `url` is a `postgres://` URL, in which `?schema=` means what it means to Prisma; without it the client works in
 * the first schema of the connection's search_path. `lockWaitMs` is the server's `lock_timeout`, default 10 s. Prefer `openOutboxClient`.
 * Throws ERR_OUTBOX_CONFIG for a URL that is none.
 */
export function postgresAdapter(options: AdapterOptions): PostgresAdapter {
  const address = postgresAddress(options.url);
  const lockWaitMs = Math.round(options.lockWaitMs ?? defaultLockWaitMs);
  const inner = new PrismaPg({
    connectionString: address.url,
    application_name: 'outbox client',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    onConnect: (client: ClientBase) => configure(client, { address, lockWaitMs }),
  });
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    gate: {
      file: address.shown,
      danger: 'it would run on another connection, outside of that transaction, and could wait for its locks',
    },
    async connect() {
      const adapter = await inner.connect();
      try {
        return new DurableAdapter(adapter, await schemaOf(adapter.underlyingDriver(), address));
      } catch (error) {
        await adapter.dispose();
        throw describePostgresError(address, error);
      }
    },
  };
}

/**
 * What a role, a database or a server set otherwise would break the promise that a committed event survives: so it is set for the
 * connection, and read back. `remote_apply` promises more and is left alone.
 */
async function configure(
  client: ClientBase,
  { address, lockWaitMs }: { readonly address: PostgresAddress; readonly lockWaitMs: number },
): Promise<void> {
  await client.query(
    `SELECT set_config('lock_timeout', '${lockWaitMs}', false),
       CASE WHEN current_setting('synchronous_commit') <> 'remote_apply' THEN set_config('synchronous_commit', 'on', false) END`,
  );
  const { rows } = await client.query<{ level: string }>(
    `SELECT current_setting('synchronous_commit') AS level`,
  );
  const level = rows[0]?.level;
  if (level === 'on' || level === 'remote_apply') return;
  throw unusable(address, `does not take synchronous_commit=on (it says ${level}): is a proxy in between?`);
}

/** The first statement also makes the first connection: what is wrong with it is found here. */
async function schemaOf(pool: Pool, address: PostgresAddress): Promise<string> {
  const { rows } = await pool.query<{ schema: string | null }>('SELECT current_schema()::text AS schema');
  const schema = rows[0]?.schema ?? null;
  if (schema !== null) return schema;
  throw unusable(
    address,
    'has no such schema: create it with your migrations first, or correct ?schema= in DATABASE_URL',
  );
}

class DurableAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider'];
  readonly adapterName: string;
  readonly #inner: SqlDriverAdapter;
  readonly #schema: string;

  constructor(inner: SqlDriverAdapter, schema: string) {
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
    this.#inner = inner;
    this.#schema = schema;
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    refuseStray(query.sql);
    return this.#inner.queryRaw(query);
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    refuseStray(query.sql);
    return this.#inner.executeRaw(query);
  }

  executeScript(script: string): Promise<void> {
    return this.#inner.executeScript(script);
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    return new DurableTransaction(await this.#inner.startTransaction(isolationLevel));
  }

  /** Prisma puts the schema before every table's name; without this it would write `public`, whatever the search_path is. */
  getConnectionInfo(): ConnectionInfo {
    return { ...this.#inner.getConnectionInfo?.(), schemaName: this.#schema, supportsRelationJoins: true };
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}

/** A raw BEGIN on the root client would stay open on a connection of the pool and swallow whatever comes there later. */
function refuseStray(sql: string): void {
  if (!/^\s*(?:BEGIN|START\s+TRANSACTION)\b/i.test(sql)) return;
  throw new OutboxError(
    'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
    'a raw statement would leave a transaction open on the root client; it was not run. Use $transaction',
  );
}
