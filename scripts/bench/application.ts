// The transaction of an application, as bare as it can be on each engine: invoices and their events, by prepared statements. The
// demo's ingester does the same through Prisma.
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { formEvent } from './event-form.ts';
import { invoiceInsert } from './invoice-insert.ts';

export interface Application {
  /** Commits an invoice with its event for each number, in one transaction that a power cut cannot undo. Returns the events' ids. */
  commit(numbers: readonly number[]): Promise<readonly string[]>;
}

/** Opens the application's connection to a database of the stock. */
export function openApplication(database: string): Promise<Application> {
  return isPostgresUrl(database) ? onPostgres(database) : onSqlite(database);
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
