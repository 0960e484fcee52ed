// What a run left in its PostgreSQL database: written into the run's folder while the server still runs, and read back from there by the
// verdict, which can so be asked again when the server is long gone.
import Database from 'better-sqlite3';
import type { PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';
import type { EventRow, RunTables } from '../run-tables.ts';
import { integrityOf } from './integrity.ts';
import { reportRows } from './report-rows.ts';

interface Row extends Omit<EventRow, 'invoiceId' | 'sent'> {
  readonly payload: string;
}

type Written = Omit<RunTables, 'events'> & { readonly events: readonly Row[] };

/** The content of the file. Everything is read at one moment. */
export async function tablesText(connection: PostgresConnection): Promise<string> {
  const integrity = await integrityOf(connection);
  const written: Written = await connection.snapshot(async (tx) => ({
    invoices: (await tx.query<{ id: string }>('SELECT id FROM invoices')).map(({ id }) => id),
    events: await tx.query<Row>(events),
    reports: await reportRows(tx, { fromId: 0 }),
    integrity,
  }));
  return JSON.stringify(written);
}

const events = `
  SELECT id || key_suffix AS key, business_id AS owner, event_type AS type, status, lease_id IS NOT NULL AS "isLeased",
         last_error AS "lastError", (extract(epoch FROM created_at) * 1000)::bigint AS "createdAtMs", payload
    FROM events ORDER BY seq`;

/** Reads such a content. */
export function postgresTables(text: string): RunTables {
  const written = JSON.parse(text) as Written;
  // The relayer takes the whitespace out by its own code here: another judge of what has to be sent is SQLite's json().
  const db = new Database(':memory:');
  const judge = db.prepare(`
    SELECT CASE WHEN json_valid(:payload) THEN json_extract(:payload, '$.data.id') END AS invoiceId,
           CASE WHEN json_valid(:payload) THEN json(:payload) END AS sent`);
  try {
    return {
      ...written,
      events: written.events.map(({ payload, ...row }) => ({
        ...row,
        ...(judge.get({ payload }) as Pick<EventRow, 'invoiceId' | 'sent'>),
      })),
    };
  } finally {
    db.close();
  }
}
