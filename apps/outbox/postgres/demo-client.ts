// The demo's client for PostgreSQL, guarded: the only file that imports what is generated from prisma/postgres/schema.prisma.
import { PrismaClient } from '../../../prisma/postgres/generated/client.ts';
import type { AdapterOptions } from '../adapter-options.ts';
import { openOutboxClient } from '../outbox-client.ts';

/** The guarded root client. */
export type PostgresDemoClient = PrismaClient;

/**
 * Opens the guarded client on a database that is migrated (`prepareDatabase`). Close it with `$disconnect`. Throws what
 * `openOutboxClient` throws.
 */
export function openPostgresDemo(
  options: AdapterOptions,
  transactionOptions: { readonly maxWait: number; readonly timeout: number },
): Promise<PostgresDemoClient> {
  return openOutboxClient(options, (adapter) => new PrismaClient({ adapter, transactionOptions }));
}
