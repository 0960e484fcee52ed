// The driver adapter of Prisma for better-sqlite3, made safe for concurrent callers: everything on a file passes one
// gate, a transaction holds it to its end and begins IMMEDIATE, and the connection commits with FULL. It wraps Prisma's
// own adapter, which goes on translating queries, values and errors.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import Database from 'better-sqlite3';
import type { AdapterOptions } from '../adapter-options.ts';
import { type Clock, systemClock } from '../clock.ts';
import { describeDatabaseError, unavailable } from '../database-error.ts';
import { fileOfUrl } from '../environment.ts';
import { type FileGate, gateOf } from '../file-gate.ts';
import { OutboxError } from '../outbox-error.ts';
import { isBusy } from './code.ts';
import { configure, type SqliteConnection } from './connection.ts';
import { recordWriter } from './connection-facts.ts';
import { retryWhileLocked } from './lock-retry.ts';
import { SerialTransaction } from './serial-transaction.ts';

/** An adapter factory for `new PrismaClient({ adapter })` that knows its gate. */
export interface OutboxAdapter extends SqlDriverAdapterFactory {
  readonly gate: FileGate;
}

const defaultLockWaitMs = 10_000;
/** Opening waits no longer than this for the line in the record that tells the doctor how durable this writer is. */
const recordWaitMs = 1_000;
/**
 * SQLite's own wait stops the event loop, so it is left to the shortest step it knows; the longer wait is ours and
 * asynchronous.
 */
const busyTimeoutMs = 2;
/** 40 MiB: a safety net for a writer without a relayer, which otherwise does the checkpointing in quiet moments. */
const autocheckpointPages = 10_000;

/**
 * Makes the adapter. It closes three traps of the bare one: a write outside a transaction that slips into somebody
 * else's open one and disappears with its rollback; a transaction that reads, then writes, and fails at once with
 * SQLITE_BUSY_SNAPSHOT when another process committed in between; `synchronous=NORMAL` on every reopened file.
 * Prefer `openOutboxClient`, which also tells a call that would wait for itself.
 * Throws ERR_OUTBOX_CONFIG for a URL that names no file.
 */
export function outboxAdapter(options: AdapterOptions): OutboxAdapter {
  const file = fileOfUrl(options.url);
  const inner = new PrismaBetterSqlite3({ url: file, fileMustExist: true, timeout: busyTimeoutMs });
  const gate = gateOf(file);
  const { clock = systemClock, lockWaitMs = defaultLockWaitMs } = options;
  const retry = <Result>(attempt: () => Promise<Result>) =>
    retryWhileLocked(attempt, { file, lockWaitMs, clock });
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    gate,
    connect: () => retry(async () => connectOnce(await connectInner(inner, file), { gate, retry, clock })),
  };
}

type Retry = <Result>(attempt: () => Promise<Result>) => Promise<Result>;

async function connectInner(factory: PrismaBetterSqlite3, file: string): Promise<SqlDriverAdapter> {
  try {
    return await factory.connect();
  } catch (cause) {
    throw unavailable(
      file,
      'cannot be opened: create it first, then check its path, owner and permissions',
      cause,
    );
  }
}

async function connectOnce(
  inner: SqlDriverAdapter,
  { gate, retry, clock }: { readonly gate: FileGate; readonly retry: Retry; readonly clock: Clock },
): Promise<SqlDriverAdapter> {
  try {
    const connection = connectionOf(inner);
    // Prisma's adapter reads integers as bigints; the pragmas are compared as numbers.
    connection.defaultSafeIntegers(false);
    configure(connection, { synchronous: 'FULL', busyTimeoutMs, autocheckpointPages });
    await recordWriter(connection, { file: gate.file, lockWaitMs: recordWaitMs, clock });
    connection.defaultSafeIntegers(true);
    return new SerialAdapter(inner, { connection, gate, retry });
  } catch (error) {
    await inner.dispose();
    throw isBusy(error) ? error : describeDatabaseError(gate.file, error);
  }
}

/** Prisma's adapter keeps its connection in a property that its types do not show. */
function connectionOf(inner: SqlDriverAdapter): SqliteConnection {
  if ('client' in inner && inner.client instanceof Database) return inner.client;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    'the connection inside @prisma/adapter-better-sqlite3 was not found: install the versions of it and of better-sqlite3 that this package names, once each',
  );
}

interface Parts {
  readonly connection: SqliteConnection;
  readonly gate: FileGate;
  readonly retry: Retry;
}

class SerialAdapter implements SqlDriverAdapter {
  readonly provider: SqlDriverAdapter['provider'];
  readonly adapterName: string;
  readonly #inner: SqlDriverAdapter;
  readonly #parts: Parts;

  constructor(inner: SqlDriverAdapter, parts: Parts) {
    this.provider = inner.provider;
    this.adapterName = inner.adapterName;
    this.#inner = inner;
    this.#parts = parts;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#alone(() => this.#inner.queryRaw(query));
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#alone(() => this.#inner.executeRaw(query));
  }

  executeScript(script: string): Promise<void> {
    return this.#alone(() => this.#inner.executeScript(script));
  }

  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel !== undefined && isolationLevel !== 'SERIALIZABLE') {
      throw new DriverAdapterError({ kind: 'InvalidIsolationLevel', level: isolationLevel });
    }
    const { connection, gate, retry } = this.#parts;
    const leave = await gate.enter();
    try {
      await retry(() => this.#inner.executeRaw({ sql: 'BEGIN IMMEDIATE', args: [], argTypes: [] }));
      return new SerialTransaction({ inner: this.#inner, connection, leave });
    } catch (error) {
      leave();
      throw error;
    }
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }

  /** Runs one statement outside any transaction, when nobody else is inside. */
  async #alone<Result>(statement: () => Promise<Result>): Promise<Result> {
    const { connection, gate, retry } = this.#parts;
    const leave = await gate.enter();
    try {
      const result = await retry(statement);
      if (connection.inTransaction) throw strayTransaction();
      return result;
    } finally {
      if (connection.open && connection.inTransaction) connection.exec('ROLLBACK');
      leave();
    }
  }
}

/** A raw BEGIN on the root client would swallow every later statement of every caller. */
function strayTransaction(): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
    'a raw statement left a transaction open on the root client; it was rolled back. Use $transaction',
  );
}
