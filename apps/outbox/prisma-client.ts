// This project's own generated client, guarded: the only file that imports it. An application that adopts the outbox
// opens its own generated client through outbox-client.ts instead.
import { PrismaClient } from '../../prisma/generated/client.ts';
import { openOutboxClient } from './outbox-client.ts';
import type { AdapterOptions } from './sqlite/serial-adapter.ts';

/** The guarded root client. */
export type DemoClient = PrismaClient;
/** What its `$transaction` passes to a callback. */
export type DemoTransaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/** Longer than the adapter waits for another process's lock, so that its error, which says so, comes first. */
const maxWaitMs = 15_000;
/** For the statements of one transaction; a slow disk's fsync is inside. */
const timeoutMs = 15_000;

/**
 * Opens the guarded client of this project's schema. The file must exist and be migrated (`prepareDatabase`).
 * Close it with `$disconnect`. Throws what `openOutboxClient` throws.
 */
export function openDemoClient(options: AdapterOptions): Promise<DemoClient> {
  return openOutboxClient(
    options,
    (adapter) =>
      new PrismaClient({ adapter, transactionOptions: { maxWait: maxWaitMs, timeout: timeoutMs } }),
  );
}
