// Puts a relayer together, in the order of a restart after a crash: what the dead one held comes first.

import { credentialsOf } from '../outbox/credentials.ts';
import type { Application, ProcessContext } from '../outbox/daemon.ts';
import { readEnvironment } from '../outbox/environment.ts';
import { createLog } from '../outbox/log.ts';
import { openOutbox } from '../outbox/open-outbox.ts';
import { readRelayerConfig } from './config.ts';
import { RelayerService } from './relayer-service.ts';
import { refuseSandboxAfterConvoy } from './sandbox-guard.ts';

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

  const database = await openOutbox(environment, log);
  try {
    await refuseSandboxAfterConvoy(database.store, credentials.projectId);
    const slot = await database.slots.acquire();
    const service = new RelayerService({ settings, credentials, log, database, slot });
    await service.start();
    context.ready();
    return service;
  } catch (error) {
    throw database.explained(error);
  }
}
