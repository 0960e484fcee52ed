// This project's own generated client, guarded: the only file that imports SQLite's. An application that adopts the outbox
// opens its own generated client through outbox-client.ts instead.

import { PrismaClient } from '../../prisma/generated/client.ts';
import type { AdapterOptions } from './adapter-options.ts';
import type { OutboxTransaction } from './append.ts';
import { loadPostgres } from './load-postgres.ts';
import { openOutboxClient } from './outbox-client.ts';
import { isPostgresUrl } from './postgres/address.ts';

/** The guarded root client on either engine: what the demo does with it, which both generated clients can do. */
export interface DemoClient {
  $transaction<Result>(callback: (tx: DemoTransaction) => Promise<Result>): Promise<Result>;
  $disconnect(): Promise<void>;
}

/** What its `$transaction` passes to a callback. */
export type DemoTransaction = OutboxTransaction & {
  readonly invoice: {
    create(args: {
      data: NewInvoice;
      select: { createdAt: true };
    }): PromiseLike<{ readonly createdAt: Date }>;
  };
};

interface NewInvoice {
  id: string;
  businessId: string;
  amount: number;
  currency: string;
  status: string;
  description: string;
}

/** The guarded client of a file, with everything that its generated code has. */
export type SqliteDemoClient = PrismaClient;

const transactionOptions = {
  /** Longer than the adapter waits for another process's lock, so that its error, which says so, comes first. */
  maxWait: 15_000,
  /** For the statements of one transaction; a slow disk's fsync is inside. */
  timeout: 15_000,
};

/**
 * Opens the guarded client of this project's schema, on a file or a `postgres://` URL. The database must exist and be migrated
 * (`prepareDatabase`). Close it with `$disconnect`. Throws what `openOutboxClient` throws.
 */
export async function openDemoClient(options: AdapterOptions): Promise<DemoClient> {
  if (!isPostgresUrl(options.url)) return openSqliteDemo(options);
  const { openPostgresDemo } = await loadPostgres(import('./postgres/demo-client.ts'));
  return openPostgresDemo(options, transactionOptions);
}

/** The same for a file alone, with the client's full type. */
export function openSqliteDemo(options: AdapterOptions): Promise<SqliteDemoClient> {
  return openOutboxClient(options, (adapter) => new PrismaClient({ adapter, transactionOptions }));
}
