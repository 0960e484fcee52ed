// Fills a schema on a PostgreSQL server with very many events: the server makes the rows, as events like any others, with every CHECK and
// every index at work; some 20 us each.
import { existsSync, statfsSync } from 'node:fs';
import { DatabaseTrouble } from '../../apps/outbox/database-trouble.ts';
import type { PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import { type Bulk, type BulkRows, bulkForm, type Room } from './bulk-rows.ts';
import { schemaOf } from './looks-postgres.ts';
import { pause } from './patience.ts';

/** Some seconds' worth: between two of them an interruption is noticed. */
const perTransaction = 100_000;
/** Measured: 0.9 KB of table with the free part of each page, 0.15 KB of indexes. The log of a big transaction comes on top, up to max_wal_size. */
const bytesPerRow = 1_100;

export interface PostgresBulkOptions {
  /** Its statements may take long. */
  readonly connection: PostgresConnection;
  readonly isOnThisMachine: () => Promise<boolean>;
}

export function postgresBulk({ connection, isOnThisMachine }: PostgresBulkOptions): Bulk {
  const number = async (sql: string, values: readonly unknown[] = []) => {
    const [row] = await connection.query<{ n: number | null }>(sql, values);
    return Number(row?.n ?? Number.NaN);
  };
  return {
    add: (copy, rows, signal) => addInBulk(connection, { schema: schemaOf(copy), ...rows }, signal),
    async postponeAll(copy, availableAtMs) {
      await connection.run(
        `UPDATE ${schemaOf(copy)}.events SET available_at = $1, lease_id = NULL WHERE status = 'pending'`,
        [availableAtMs],
      );
    },
    async tidy(copy) {
      await connection.run(`VACUUM (ANALYZE) ${schemaOf(copy)}.events`);
      await checkpoint(connection);
    },
    waitingIn: (copy) =>
      number(`SELECT count(*) AS n FROM ${schemaOf(copy)}.events WHERE status = 'pending'`),
    leftOf(copy, { firstSeq, lastSeq }, which) {
      const open = which === 'unconfirmed' ? `status = 'processed' AND confirmed_at IS NULL AND ` : '';
      return number(
        `SELECT count(*) AS n FROM ${schemaOf(copy)}.events WHERE ${open}seq >= $1 AND seq <= $2`,
        [firstSeq, lastSeq],
      );
    },
    bytesOf: (copy) =>
      number('SELECT pg_total_relation_size($1::regclass) AS n', [`${schemaOf(copy)}.events`]),
    room: async () => ((await isOnThisMachine()) ? roomOfServer(connection) : null),
  };
}

async function addInBulk(
  connection: PostgresConnection,
  { schema, count, rows }: BulkRows & { readonly schema: string },
  signal: AbortSignal,
): Promise<void> {
  const [sequence] = await connection.query<{ first: number }>(
    `SELECT nextval('${schema}.events_seq_seq') AS first`,
  );
  const first = sequence?.first ?? Number.NaN;
  const form = bulkForm(rows);
  const values = [
    ...[first, form.businessIds, form.eventType, form.payloadHead, form.payloadTail, form.status],
    ...[form.fromMs, form.stepMs, form.gateway, form.isConfirmed, form.availableAtMs],
  ];
  const end = first + count;
  for (let from = first; from < end; from += perTransaction) {
    const last = Math.min(from + perTransaction, end) - 1;
    await connection.run(insertInto(schema), [...values, from, last]);
    await pause(0, signal);
  }
  await connection.query(`SELECT setval('${schema}.events_seq_seq', $1)`, [end - 1]);
}

const at = '$7::double precision + (n - $1::bigint) * $8::double precision';
const instant = (ms: string) => `to_timestamp((${ms}) / 1000.0)`;

const insertInto = (schema: string) => `
  INSERT INTO ${schema}.events (seq, id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at, available_at, gateway)
  SELECT n, '01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'), ($2::text[])[1 + n % cardinality($2::text[])], $3::text,
         $4::text || lpad(n::text, 12, '0') || $5::text, $6::text, ${instant(`${at} - 5`)},
         CASE WHEN $9::text IS NOT NULL THEN ${instant(at)} END,
         CASE WHEN $10::boolean THEN ${instant(`${at} + 2000`)} END, $11::bigint, $9::text
    FROM generate_series($12::bigint, $13::bigint) AS n`;

const insufficientPrivilege = '42501';

/** Only an administrator may ask for one; without it the server writes it in its own time. */
async function checkpoint(connection: PostgresConnection): Promise<void> {
  try {
    await connection.run('CHECKPOINT');
  } catch (error) {
    if (!(error instanceof DatabaseTrouble) || error.code !== insufficientPrivilege) throw error;
  }
}

/** Null when the server does not tell this role where its files are, or they are not to be seen from here. */
async function roomOfServer(connection: PostgresConnection): Promise<Room | null> {
  const [row] = await connection.query<{ folder: string | null }>(
    `SELECT setting AS folder FROM pg_settings WHERE name = 'data_directory'`,
  );
  const folder = row?.folder ?? '';
  if (folder === '' || !existsSync(folder)) return null;
  const { bavail, bsize } = statfsSync(folder);
  return {
    folder,
    freeBytes: bavail * bsize,
    bytesPerRow,
    otherwise: 'take smaller --sizes and --processed',
  };
}
