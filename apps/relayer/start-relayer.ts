// Puts a relayer together, in the order of a restart after a crash: what the dead one held comes first.

import { credentialsOf } from '../outbox/credentials.ts';
import type { Application, ProcessContext } from '../outbox/daemon.ts';
import { explained } from '../outbox/database-error.ts';
import { databaseFile, readEnvironment } from '../outbox/environment.ts';
import { createLog } from '../outbox/log.ts';
import { prepareDatabase } from '../outbox/migrate.ts';
import { outboxTable } from '../outbox/outbox-table.ts';
import { openDatabase } from '../outbox/sqlite/connection.ts';
import { rememberFile } from '../outbox/sqlite/file-identity.ts';
import { acquireSlot } from '../outbox/sqlite/relayer-slot.ts';
import { sqliteStore } from '../outbox/sqlite/store.ts';
import { readRelayerConfig } from './config.ts';
import { RelayerService } from './relayer-service.ts';
import { refuseSandboxAfterConvoy } from './sandbox-guard.ts';

// A statement waits 2 ms for another process's write, with the event loop standing still; then the loop asks again (bad-days.ts).
// A commit checkpoints from 8 MiB of WAL (2,000 pages) on; the writer's own net is much higher.
const connection = { synchronous: 'NORMAL', busyTimeoutMs: 2, autocheckpointPages: 2_000 } as const;

/** Starts a relayer, or returns the text of `--help`. Throws OutboxError for whatever is wrong before it can run. */
export async function startRelayer(context: ProcessContext): Promise<Application | string> {
  const environment = readEnvironment(context);
  const config = await readRelayerConfig({ args: context.args, environment });
  if (config.kind === 'text') return config.text;
  const { settings } = config;
  const credentials = credentialsOf(settings, environment.root);
  const log = createLog({
    app: 'relayer',
    level: settings['log-level'],
    format: settings['log-format'],
    secrets: [credentials.apiKey],
  });
  for (const warning of config.warnings) log.warn(warning);

  const file = databaseFile(environment);
  const table = outboxTable(environment);
  await prepareDatabase(file, { outboxTable: table });
  const identity = rememberFile(file);
  const db = await openDatabase(file, { ...connection, table });
  const store = sqliteStore(db);
  await refuseSandboxAfterConvoy(store, credentials.projectId);
  const slot = acquireSlot(file);
  const service = new RelayerService({ settings, credentials, log, file, identity, store, slot });
  await service.start().catch((error: unknown) => {
    throw explained(file, error);
  });
  context.ready();
  return service;
}
