#!/usr/bin/env node
// The sandbox as a process of its own. Everything it does is in sandbox.ts; the life of the process is the daemon's.
import path from 'node:path';
import { type Application, type ProcessContext, runDaemon } from '../../apps/outbox/daemon.ts';
import { readEnvironment } from '../../apps/outbox/environment.ts';
import { createLog } from '../../apps/outbox/log.ts';
import { readSandboxConfig } from './config.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

await runDaemon(main);

async function main(context: ProcessContext): Promise<Application | string> {
  const environment = readEnvironment(context);
  const config = await readSandboxConfig({ args: context.args, environment });
  if (config.kind === 'text') return config.text;
  const { settings, warnings } = config;
  const log = createLog({
    app: 'sandbox',
    level: settings['log-level'],
    format: settings['log-format'],
    secrets: [settings['api-key']],
  });
  for (const warning of warnings) log.warn(warning);
  const ledgerFile = settings.ledger === undefined ? undefined : path.resolve(context.cwd, settings.ledger);
  const sandbox = await startSandbox({
    port: settings.port,
    host: settings.host,
    apiKey: settings['api-key'],
    rateLimit: { burst: settings['rate-burst'], perSecond: settings['rate-refill'] },
    log,
    ...(ledgerFile === undefined ? {} : { ledgerFile }),
    ...(settings.businesses === undefined ? {} : { businesses: settings.businesses }),
  });
  log.info('this is a local stand-in, NOT Convoy: nothing leaves this machine', {
    url: sandbox.url,
    project: sandbox.projectId,
    ledger: ledgerFile ?? 'in memory only',
    keys: sandbox.ledger.keyCount(),
  });
  // Whoever writes a receiver needs the secret; it is made from the business id and worthless elsewhere.
  for (const { owner, url, secret } of settings.businesses === undefined ? [] : sandbox.endpoints) {
    log.info('endpoint', { business: owner, url, signed_with: secret });
  }
  context.ready();
  return runningSandbox(sandbox);
}

function runningSandbox(sandbox: Sandbox): Application {
  let stop = () => {};
  const stopped = new Promise<void>((resolve, reject) => {
    stop = () => void sandbox.close().then(resolve, reject);
  });
  return { stop, stopped };
}
