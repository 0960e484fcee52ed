// The transaction of an application, invoices and their events: as users are told to write it, through the guarded Prisma client, and as
// bare as it can be on each engine, by prepared statements.
import { randomUUID } from 'node:crypto';
import { append } from '../../apps/outbox/append.ts';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { openDemoClient } from '../../apps/outbox/prisma-client.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { formEvent } from './event-form.ts';
import { invoiceInsert } from './invoice-insert.ts';

export interface Application {
  /** Commits an invoice with its event for each number, in one transaction that a power cut cannot undo. Returns the events' ids. */
  commit(numbers: readonly number[]): Promise<readonly string[]>;
}

/** How an application writes. */
export type Way = 'client' | 'statements';

/** Opens the application's connection to a database of the stock. */
export function openApplication(database: string, way: Way): Promise<Application> {
  if (way === 'client') return throughClient(database);
  return isPostgresUrl(database) ? onPostgres(database) : onSqlite(database);
}

async function throughClient(url: string): Promise<Application> {
  const client = await openDemoClient({ url });
  return {
    commit: (numbers) =>
      client.$transaction(async (tx) => {
        const ids: string[] = [];
        for (const number of numbers) {
          const { businessId, eventType, payload } = formEvent(number);
          await tx.invoice.create({
            data: {
              id: randomUUID(),
              businessId,
              ...{ amount: 100, currency: 'USD', status: 'sent', description: 'bench' },
            },
            select: { createdAt: true },
          });
          ids.push(await append(tx, { businessId, eventType, payload: JSON.parse(payload) }));
        }
        return ids;
      }),
  };
}

async function onSqlite(file: string): Promise<Application> {
  // The autocheckpoint is a high net, as in the ingester: checkpoints are the relayer's business.
  const db = await openDatabase(file, {
    synchronous: 'FULL',
    busyTimeoutMs: 5_000,
    autocheckpointPages: 10_000,
  });
  const insert = invoiceInsert(db);
  const insertAll = db.transaction((numbers: readonly number[]) => numbers.map(insert));
  return { commit: async (numbers) => insertAll.immediate(numbers) };
}

async function onPostgres(url: string): Promise<Application> {
  const connection = connectPostgres({
    ...{ url, synchronousCommit: 'on', applicationName: 'outbox-bench', connections: 1 },
  });
  await connection.query('SELECT 1');
  return {
    commit: (numbers) =>
      connection.transaction(async (tx) => {
        const ids: string[] = [];
        for (const number of numbers) {
          const { businessId, eventType, payload } = formEvent(number);
          await tx.run(
            `INSERT INTO invoices (id, business_id, amount, currency, status, description)
             VALUES (gen_random_uuid()::text, $1, 100, 'USD', 'sent', 'bench')`,
            [businessId],
          );
          const [row] = await tx.query<{ id: string }>(
            'INSERT INTO events (business_id, event_type, payload) VALUES ($1, $2, $3) RETURNING id',
            [businessId, eventType, payload],
          );
          ids.push(row?.id ?? '');
        }
        return ids;
      }),
  };
}
