// Puts an ingester together: settings, database, guarded client, journal, loop.
import { randomUUID } from 'node:crypto';
import { systemClock as clock } from '../outbox/clock.ts';
import type { Application, ProcessContext } from '../outbox/daemon.ts';
import { databasePlace } from '../outbox/database-place.ts';
import { longestServerPauseMs } from '../outbox/database-trouble.ts';
import { formatDuration } from '../outbox/duration.ts';
import { readEnvironment } from '../outbox/environment.ts';
import { createLog } from '../outbox/log.ts';
import { prepareDatabase } from '../outbox/migrate.ts';
import { outboxTables } from '../outbox/outbox-table.ts';
import { rememberFile } from '../outbox/sqlite/file-identity.ts';
import { readIngesterConfig } from './config.ts';
import { generateInvoice, type Invoice } from './generate.ts';
import { Ingester } from './ingester.ts';
import { openJournal } from './journal.ts';

/** Shorter than PM2's kill_timeout: a stop may have to wait for a transaction that waits for a lock. */
const lockWaitMs = 5_000;

/** Starts an ingester, or returns the text of `--help`. Throws OutboxError for whatever is wrong before it can run. */
export async function startIngester(context: ProcessContext): Promise<Application | string> {
  const environment = readEnvironment(context);
  const config = await readIngesterConfig({ args: context.args, environment });
  if (config.kind === 'text') return config.text;
  const { settings, warnings } = config;
  const log = createLog({
    app: 'ingester',
    level: settings['log-level'],
    format: settings['log-format'],
  });
  for (const warning of warnings) log.warn(warning);

  const place = databasePlace(environment);
  const prepared = await prepareDatabase(place.url, {
    tables: [...outboxTables, 'invoices'],
    need: 'append',
  });
  if (prepared.kind === 'own' && prepared.applied.length > 0) {
    log.info('database migrated', { applied: prepared.applied });
  }
  const identity = place.engine === 'sqlite' ? rememberFile(place.url) : alwaysSame;
  const journal = settings.journal === undefined ? null : openJournal(settings.journal);
  context.ready();

  const { client, record } = await openClient(place.url);
  const ingester = new Ingester(
    {
      generate: () => generateInvoice({ random: Math.random, newId: randomUUID }),
      record,
      journal: (invoiceId) => journal?.add(invoiceId),
      identity,
      clock,
      log,
    },
    {
      ...{ intervalMs: settings.rate, count: settings.count },
      longestPauseMs: place.engine === 'postgres' ? longestServerPauseMs : undefined,
    },
  );
  log.info('ingester started', {
    database: place.shown,
    rate: formatDuration(settings.rate),
    pid: context.pid,
  });
  const stopped = ingester.run().finally(async () => {
    await client.$disconnect();
    journal?.close();
    log.info('ingester stopped');
  });
  return { stop: () => ingester.stop(), stopped };
}

/** A server's database is not a file that can be exchanged under a process. */
const alwaysSame = { assertSame() {} };

/** Prisma takes longer to load than all the rest: it comes last, and being ready does not wait for it. */
async function openClient(url: string) {
  const [{ openDemoClient }, { recordInvoice }] = await Promise.all([
    import('../outbox/prisma-client.ts'),
    import('./record.ts'),
  ]);
  const client = await openDemoClient({ url, lockWaitMs });
  return { client, record: (invoice: Invoice) => recordInvoice(client, invoice) };
}
