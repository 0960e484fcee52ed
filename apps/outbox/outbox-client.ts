// The guarded Prisma client: any generated client on the adapter of its engine, plus an immediate error for a call of the
// root client inside one of its own transactions. It adds no method and changes no type.

import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { AdapterOptions } from './adapter-options.ts';
import { loadPostgres } from './load-postgres.ts';
import { isPostgresUrl } from './postgres/address.ts';
import { outboxAdapter } from './sqlite/serial-adapter.ts';
import { refuseInScope, runInScope, type TransactionPlace } from './transaction-scope.ts';

/** What every generated root client has. */
export interface RootClient {
  $connect(): PromiseLike<void>;
  $disconnect(): PromiseLike<void>;
}

/**
 * Opens a client of your own Prisma schema on a database that holds the outbox tables:
 *
 *     const prisma = await openOutboxClient({ url }, (adapter) => new PrismaClient({ adapter }));
 *
 * `url` is a path, a `file:` URL or a `postgres://` URL. Open one per database and process and share it. On SQLite two are safe, and
 * take turns, and all kinds of calls pass one at a time: single
 * ones, batches, nested writes, upserts, raw SQL, interactive transactions. A callback must use only the client it is
 * given; the root client (on SQLite also another one on the same file) throws ERR_OUTBOX_CLIENT_IN_TRANSACTION at once.
 * On PostgreSQL transactions run side by side, each on a connection of the pool. Under load set `transactionOptions: { maxWait }`, since a
 * transaction also waits for its turn (Prisma gives up after 2 s).
 * Throws ERR_OUTBOX_DATABASE_UNAVAILABLE, _BLOCKED, ERR_OUTBOX_SQLITE_VERSION or ERR_OUTBOX_CONFIG when it cannot be opened.
 */
export async function openOutboxClient<Client extends RootClient>(
  options: AdapterOptions,
  create: (adapter: SqlDriverAdapterFactory) => Client,
): Promise<Client> {
  // Loaded on demand: an application on SQLite must not load PostgreSQL's client.
  const adapter = isPostgresUrl(options.url)
    ? (await loadPostgres(import('./postgres/adapter.ts'))).postgresAdapter(options)
    : outboxAdapter(options);
  const client = create(adapter);
  await client.$connect();
  return guard(client, adapter.gate);
}

/** Root methods that touch no data. */
const alwaysAllowed: readonly PropertyKey[] = ['$connect', '$disconnect', '$on'];

/**
 * The check stands at the call, not in the adapter: Prisma collects requests of one tick and sends them from whichever
 * caller came first, so that further down nobody can tell whose call it was.
 */
function guard<Client extends object>(client: Client, gate: TransactionPlace): Client {
  const models = new Map<PropertyKey, object>();
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (isFunction(member)) {
        if (alwaysAllowed.includes(name)) return member.bind(target);
        if (name === '$extends')
          return (...args: unknown[]) => guard(objectOf(member.apply(target, args)), gate);
        if (name === '$transaction') return guardTransaction(member.bind(target), gate);
        return guardCall(member.bind(target), gate, String(name));
      }
      if (!isModel(name, member)) return member;
      const known = models.get(name) ?? guardModel(member, gate, String(name));
      models.set(name, known);
      return known;
    },
  });
}

type AnyFunction = (...args: unknown[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

function isModel(name: PropertyKey, member: unknown): member is object {
  return typeof name === 'string' && !/^[$_]/.test(name) && typeof member === 'object' && member !== null;
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function guardModel(model: object, gate: TransactionPlace, modelName: string): object {
  return new Proxy(model, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      return isFunction(member)
        ? guardCall(member.bind(target), gate, `${modelName}.${String(name)}`)
        : member;
    },
  });
}

/** It throws instead of returning a rejected promise: inside `$transaction([...])` nobody would ever await that. */
function guardCall(method: AnyFunction, gate: TransactionPlace, call: string): AnyFunction {
  return (...args) => {
    refuseInScope(gate, call);
    return method(...args);
  };
}

function guardTransaction(transaction: AnyFunction, gate: TransactionPlace): AnyFunction {
  return (work, ...options) => {
    refuseInScope(gate, '$transaction');
    if (!isFunction(work)) return transaction(work, ...options);
    return transaction((tx: unknown) => runInScope(gate, async () => work(tx)), ...options);
  };
}
