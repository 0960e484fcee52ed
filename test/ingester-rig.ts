// An ingester in this process, on a real database, with a log and a journal that can be read.
import { onTestFinished } from 'vitest';
import { generateInvoice } from '../apps/ingester/generate.ts';
import { Ingester, type IngesterOptions, type IngesterParts } from '../apps/ingester/ingester.ts';
import { recordInvoice } from '../apps/ingester/record.ts';
import { systemClock } from '../apps/outbox/clock.ts';
import type { Log, LogFields } from '../apps/outbox/log.ts';
import { openSqliteDemo } from '../apps/outbox/prisma-client.ts';
import { rememberFile } from '../apps/outbox/sqlite/file-identity.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';
import { seededRandom } from './seeded-random.ts';

let lastId = 0;
/** An id never returned before in this test run. */
export const newId = () => `00000000-0000-4000-8000-${String(++lastId).padStart(12, '0')}`;

/** A log that keeps its lines as `level message reason`. */
function memoryLog() {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push([level, message, ...(fields.reason === undefined ? [] : [fields.reason])].join(' | '));
    };
  const log: Log = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
  return { log, lines };
}

/** An ingester with a real database in this process. */
export async function inProcess(options: Partial<IngesterOptions> = {}, parts: Partial<IngesterParts> = {}) {
  const file = newDatabaseFile();
  const client = await openSqliteDemo({ url: file, lockWaitMs: 20 });
  onTestFinished(() => client.$disconnect());
  const { log, lines } = memoryLog();
  const journalled: string[] = [];
  const ingester = new Ingester(
    {
      generate: () => generateInvoice({ random: seededRandom(3), newId }),
      record: (invoice) => recordInvoice(client, invoice),
      journal: (id) => journalled.push(id),
      identity: rememberFile(file),
      clock: systemClock,
      log,
      ...parts,
    },
    { intervalMs: 1, count: undefined, ...options },
  );
  const db = plainConnection(file);
  const count = (table: string) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  return { file, client, ingester, lines, journalled, db, count };
}
