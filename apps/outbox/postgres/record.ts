// The record (`outbox_log`) and who accepted what, on PostgreSQL. Its lines are written by the verbs that cause them, in their own
// transactions; here are those that stand alone, and what is read back of them.

import type { LogEntry } from '../log-entry.ts';
import type { OutboxStore } from '../store.ts';
import type { PostgresConnection } from './connection.ts';
import { instantAt } from './instant.ts';
import { storableJson } from './storable-text.ts';

type Verbs = Pick<OutboxStore, 'log' | 'lastLogged' | 'acceptedBy' | 'verifiedGateways'>;

/** The verbs on a database that has our tables. */
export function postgresRecord(connection: PostgresConnection): Verbs {
  return {
    async log({ nowMs, kind, eventSeq, detail }: LogEntry & { readonly nowMs: number }) {
      const values = [nowMs, kind, eventSeq ?? null, storableJson(detail)];
      await connection.run(recordStatements.log, values);
    },
    async lastLogged(kind, members = {}) {
      const values = [kind, storableJson(members)];
      const [row] = await connection.query<{ detail: string }>(recordStatements.lastLogged, values);
      return row === undefined ? null : (JSON.parse(row.detail) as Readonly<Record<string, unknown>>);
    },
    async acceptedBy(gateway) {
      const [row] = await connection.query<{ events: number }>(recordStatements.acceptedBy, [gateway]);
      return row?.events ?? 0;
    },
    async verifiedGateways() {
      const rows = await connection.query<{ gateway: string }>(recordStatements.verifiedGateways);
      return rows.map(({ gateway }) => gateway);
    },
  };
}

/** Of each kind, confirmed and not: enough to know a gateway by, and never a walk through the whole table. */
const mostAcceptedRead = 10_000;

function oldestAccepted(confirmedAt: 'IS NULL' | 'IS NOT NULL'): string {
  return `(SELECT gateway FROM events WHERE status = 'processed' AND confirmed_at ${confirmedAt}
            ORDER BY processed_at LIMIT ${mostAcceptedRead})`;
}

/** Exported for the test that looks at the plans. */
export const recordStatements = {
  log: `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (${instantAt('$1')}, $2, $3, $4)`,
  // Newest first, through the index: details are read as jsonb one by one until one has all the members.
  lastLogged: `
    SELECT detail FROM outbox_log
     WHERE kind = $1 AND detail::jsonb @> $2::jsonb
     ORDER BY id DESC LIMIT 1`,
  acceptedBy: `
    SELECT count(*) AS events FROM (${oldestAccepted('IS NOT NULL')} UNION ALL ${oldestAccepted('IS NULL')}) AS accepted
     WHERE gateway = $1`,
  verifiedGateways: `
    SELECT DISTINCT detail::jsonb ->> 'gateway' AS gateway FROM outbox_log WHERE kind = 'verified' AND detail::jsonb ? 'gateway'`,
};
