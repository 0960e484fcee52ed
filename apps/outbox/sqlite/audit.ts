// What reconciling with Convoy reads, in SQLite. Both ways go through indexes that are there for reading back.
import type { AcceptedEvent, AuditVerbs } from '../audit-verbs.ts';
import { isoText } from '../clock.ts';
import { keyParts } from '../key-parts.ts';
import type { SqliteConnection } from './connection.ts';

/** The verbs on an open connection whose tables exist. */
export function sqliteAudit(db: SqliteConnection): AuditVerbs {
  const { acceptedConfirmed, acceptedUnconfirmed, known } = prepareAudit(db);
  return {
    async accepted({ gateway, which, after, beforeMs, limit }) {
      const statement = which === 'confirmed' ? acceptedConfirmed : acceptedUnconfirmed;
      const rows = statement.all({
        gateway,
        from: isoText(after.acceptedAtMs),
        afterSeq: after.seq,
        before: isoText(beforeMs),
        limit,
      }) as { seq: number; key: string; processed_at: string }[];
      return rows.map(
        ({ seq, key, processed_at }): AcceptedEvent => ({ seq, key, acceptedAtMs: Date.parse(processed_at) }),
      );
    },
    async known(keys) {
      const parts = keys.flatMap((key) => keyParts(key).map(([id]) => [key, id]));
      return known.all(JSON.stringify(parts)).map(String);
    },
  };
}

/** Exported for the test that looks at the plans. */
export function prepareAudit(db: SqliteConnection) {
  const accepted = (confirmedAt: 'IS NULL' | 'IS NOT NULL') =>
    db.prepare(`
      SELECT seq, id || key_suffix AS key, processed_at FROM events
       WHERE status = 'processed' AND confirmed_at ${confirmedAt} AND processed_at >= :from AND processed_at < :before
         AND (processed_at > :from OR seq > :afterSeq) AND gateway = :gateway
       ORDER BY processed_at, seq
       LIMIT :limit`);
  return {
    acceptedConfirmed: accepted('IS NOT NULL'),
    acceptedUnconfirmed: accepted('IS NULL'),
    // CROSS JOIN keeps the order: one look into the unique index per key.
    known: db
      .prepare(`
        SELECT DISTINCT json_extract(part.value, '$[0]')
          FROM json_each(?) AS part CROSS JOIN events AS e ON e.id = json_extract(part.value, '$[1]')`)
      .pluck(),
  };
}
