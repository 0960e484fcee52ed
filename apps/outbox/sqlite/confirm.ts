// Reading back, in SQLite: the verbs of confirm-verbs.ts. Each looks before it asks for the write lock, because most of
// what a window of Convoy's list holds was stamped before.
import { isoText } from '../clock.ts';
import type { ConfirmVerbs, UnconfirmedEvent } from '../confirm-verbs.ts';
import { keyParts } from '../key-parts.ts';
import type { SqliteConnection } from './connection.ts';
import { immediately } from './transaction.ts';

/** The verbs on an open connection whose `events` table exists. */
export function sqliteConfirm(db: SqliteConnection): ConfirmVerbs {
  const statements = prepare(db);
  const find = (gateway: string, keys: readonly string[]): readonly FoundRow[] =>
    statements.find.all({ gateway, parts: JSON.stringify(keys.flatMap(keyParts)) }) as FoundRow[];

  return {
    async unconfirmed({ gateway, after, untilMs, limit }) {
      const rows = statements.unconfirmed.all({
        gateway,
        from: isoText(after.acceptedAtMs),
        afterSeq: after.seq,
        until: isoText(untilMs),
        limit,
      });
      return (rows as UnconfirmedRow[]).map(unconfirmedEvent);
    },
    async confirm({ gateway, keys, nowMs }) {
      const found = find(gateway, keys);
      const open = found.filter((row) => row.is_open === 1);
      const at = isoText(nowMs);
      const stamp = () =>
        open.reduce((sum, { seq }) => sum + statements.confirm.run({ seq, gateway, at }).changes, 0);
      const newest = found
        .map((row) => row.processed_at)
        .sort()
        .at(-1);
      return {
        events: open.length === 0 ? 0 : immediately(db, 'confirm', stamp),
        newestAcceptedAtMs: newest === undefined ? null : Date.parse(newest),
      };
    },
    async resend({ gateway, events, nowMs }) {
      if (events.length === 0) return 0;
      const at = isoText(nowMs);
      return immediately(db, 'resend', () => {
        let resent = 0;
        for (const { seq, resends } of events) {
          if (statements.resend.run({ seq, resends, gateway, nowMs }).changes === 0) continue;
          statements.log.run({ at, kind: 'resent', seq, detail: JSON.stringify({ resends: resends + 1 }) });
          resent += 1;
        }
        return resent;
      });
    },
    async reportUndelivered({ gateway, events, nowMs }) {
      const reasons = new Map(events.map(({ key, reason }) => [key, reason]));
      const open = find(gateway, [...reasons.keys()]).filter(
        (row) => row.is_open === 1 && row.is_reported === 0,
      );
      if (open.length === 0) return [];
      const at = isoText(nowMs);
      return immediately(db, 'report', () =>
        open.flatMap(({ seq, key }) => {
          const reason = reasons.get(key) ?? '';
          if (statements.report.run({ seq, gateway, reason }).changes === 0) return [];
          statements.log.run({ at, kind: 'undelivered', seq, detail: JSON.stringify({ reason }) });
          return [key];
        }),
      );
    },
  };
}

interface UnconfirmedRow {
  readonly seq: number;
  readonly id: string;
  readonly key: string;
  readonly created_at: string;
  readonly processed_at: string;
  readonly resends: number;
}

interface FoundRow {
  readonly seq: number;
  readonly key: string;
  readonly processed_at: string;
  readonly is_open: number;
  readonly is_reported: number;
}

/** Exported for the test that looks at the plans. */
export function prepare(db: SqliteConnection) {
  return {
    // Walks the index from the given place; the rows that it skips are those of another gateway and those reported.
    unconfirmed: db.prepare(`
      SELECT seq, id, id || key_suffix AS key, created_at, processed_at, resends FROM events
       WHERE status = 'processed' AND confirmed_at IS NULL AND processed_at >= :from AND processed_at <= :until
         AND (processed_at > :from OR seq > :afterSeq) AND gateway = :gateway AND last_error IS NULL
       ORDER BY processed_at, seq
       LIMIT :limit`),
    // CROSS JOIN keeps the order: one look into the unique index per key. Comparing id || key_suffix could use no index.
    find: db.prepare(`
      SELECT e.seq, e.id || e.key_suffix AS key, e.processed_at, e.confirmed_at IS NULL AS is_open,
             e.last_error IS NOT NULL AS is_reported
        FROM json_each(:parts) AS part CROSS JOIN events AS e
          ON e.id = json_extract(part.value, '$[0]') AND e.key_suffix = json_extract(part.value, '$[1]')
       WHERE e.status = 'processed' AND e.gateway = :gateway`),
    confirm: db.prepare(`
      UPDATE events SET confirmed_at = :at, last_error = NULL
       WHERE seq = :seq AND status = 'processed' AND confirmed_at IS NULL AND gateway = :gateway`),
    resend: db.prepare(`
      UPDATE events
         SET status = 'pending', available_at = :nowMs, wait_reason = NULL, attempts = 0, claims = 0,
             resends = max(resends, 0) + 1, processed_at = NULL, gateway = NULL,
             last_error = 'accepted, but never stored by Convoy: sent again'
       WHERE seq = :seq AND resends = :resends AND status = 'processed' AND confirmed_at IS NULL
         AND gateway = :gateway`),
    report: db.prepare(`
      UPDATE events SET last_error = :reason
       WHERE seq = :seq AND status = 'processed' AND confirmed_at IS NULL AND gateway = :gateway
         AND last_error IS NULL`),
    log: db.prepare(
      `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (:at, :kind, :seq, :detail)`,
    ),
  };
}

function unconfirmedEvent(row: UnconfirmedRow): UnconfirmedEvent {
  return {
    seq: row.seq,
    id: row.id,
    key: row.key,
    createdAtMs: Date.parse(row.created_at),
    acceptedAtMs: Date.parse(row.processed_at),
    resends: row.resends,
  };
}
