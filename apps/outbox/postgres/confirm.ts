// Reading back, on PostgreSQL: the verbs of confirm-verbs.ts. Each looks before it writes, because most of what a window of Convoy's list
// holds was stamped before; each write is one statement.
import type { ConfirmVerbs, UnconfirmedEvent } from '../confirm-verbs.ts';
import { crashPoint } from '../crash-point.ts';
import { keyParts } from '../key-parts.ts';
import { confirmStatements } from './confirm-statements.ts';
import type { PostgresConnection } from './connection.ts';
import { epochMs, type Instant } from './instant.ts';
import { storableText } from './storable-text.ts';

/** The verbs on a database that has our tables. */
export function postgresConfirm(connection: PostgresConnection): ConfirmVerbs {
  const find = (gateway: string, keys: readonly string[]): Promise<readonly FoundRow[]> => {
    const parts = keys.flatMap(keyParts);
    const values = [parts.map(([id]) => id), parts.map(([, suffix]) => suffix), gateway];
    return connection.query<FoundRow>(confirmStatements.find, values);
  };
  return {
    async unconfirmed({ gateway, after, untilMs, limit }) {
      const values = [gateway, after.acceptedAtMs, after.seq, untilMs, limit];
      return (await connection.query<UnconfirmedRow>(confirmStatements.unconfirmed, values)).map(
        unconfirmedEvent,
      );
    },
    async confirm({ gateway, keys, nowMs }) {
      const found = await find(gateway, keys);
      const open = found.filter(({ is_open }) => is_open).map(({ seq }) => seq);
      const newest = found.map(({ processed_at }) => epochMs(processed_at)).sort((a, b) => a - b);
      const values = [open, gateway, nowMs];
      const events = open.length === 0 ? 0 : await connection.run(confirmStatements.confirm, values);
      if (events > 0) crashPoint('store:after-confirm');
      return { events, newestAcceptedAtMs: newest.at(-1) ?? null };
    },
    async resend({ gateway, events, nowMs }) {
      if (events.length === 0) return 0;
      const values = [events.map(({ seq }) => seq), events.map(({ resends }) => resends), gateway, nowMs];
      const resent = await connection.run(confirmStatements.resend, values);
      crashPoint('store:after-resend');
      return resent;
    },
    async reportUndelivered({ gateway, events, nowMs }) {
      const reasons = new Map(events.map(({ key, reason }) => [key, storableText(reason)]));
      const found = await find(gateway, [...reasons.keys()]);
      const open = found.filter(({ is_open, is_reported }) => is_open && !is_reported);
      if (open.length === 0) return [];
      const openReasons = open.map(({ key }) => reasons.get(key) ?? '');
      const details = openReasons.map((reason) => JSON.stringify({ reason }));
      const values = [open.map(({ seq }) => seq), openReasons, details, gateway, nowMs];
      const rows = await connection.query<{ key: string }>(confirmStatements.report, values);
      crashPoint('store:after-report');
      return rows.map(({ key }) => key);
    },
  };
}

interface UnconfirmedRow {
  readonly seq: number;
  readonly id: string;
  readonly key: string;
  readonly created_at: Instant;
  readonly processed_at: Instant;
  readonly resends: number;
}

interface FoundRow {
  readonly seq: number;
  readonly key: string;
  readonly processed_at: Instant;
  readonly is_open: boolean;
  readonly is_reported: boolean;
}

function unconfirmedEvent(row: UnconfirmedRow): UnconfirmedEvent {
  return {
    seq: row.seq,
    id: row.id,
    key: row.key,
    createdAtMs: epochMs(row.created_at),
    acceptedAtMs: epochMs(row.processed_at),
    resends: row.resends,
  };
}
