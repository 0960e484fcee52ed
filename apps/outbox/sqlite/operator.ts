// A person's decisions over events, in SQLite. What was seen is compared in the UPDATE itself: a relayer or another
// person may have been faster.
import { isoText } from '../clock.ts';
import type { OperatorVerbs, SeenEvent } from '../operator-verbs.ts';
import type { SqliteConnection } from './connection.ts';
import { immediately } from './transaction.ts';

/** The verbs on an open connection whose tables exist. */
export function sqliteOperator(db: SqliteConnection): OperatorVerbs {
  const statements = prepareOperator(db);
  const record = (
    kind: 'redriven' | 'discarded',
    { seqs, nowMs, ...detail }: { readonly seqs: readonly number[]; readonly nowMs: number },
  ) => {
    const isOne = seqs.length === 1;
    statements.log.run({
      at: isoText(nowMs),
      kind,
      seq: isOne ? seqs[0] : null,
      detail: JSON.stringify({ events: seqs.length, ...detail, ...(isOne ? {} : { seqs }) }),
    });
  };
  return {
    async redrive({ events, keys, note, nowMs }) {
      return immediately(db, 'redrive', () => {
        const isNew = keys === 'new' ? 1 : 0;
        const seqs = changed(events, (seen) => statements.redrive.run({ ...seen, isNew }).changes);
        if (seqs.length > 0) record('redriven', { seqs, nowMs, ...{ keys, note } });
        return seqs;
      });
    },
    async discard({ events, reason, nowMs }) {
      return immediately(db, 'discard', () => {
        const seqs = changed(events, (seen) => statements.discard.run({ ...seen, reason }).changes);
        if (seqs.length > 0) record('discarded', { seqs, nowMs, ...{ reason } });
        return seqs;
      });
    },
    async prunable({ beforeMs }) {
      const before = isoText(beforeMs);
      return {
        confirmed: Number(statements.prunableConfirmed.get(before)),
        unconfirmed: Number(statements.prunableUnconfirmed.get(before)),
      };
    },
  };
}

/** Exported for the test that looks at the plans. */
export function prepareOperator(db: SqliteConnection) {
  const prunable = (confirmedAt: 'IS NULL' | 'IS NOT NULL') =>
    db
      .prepare(
        `SELECT count(*) FROM events WHERE status = 'processed' AND confirmed_at ${confirmedAt} AND processed_at < ?`,
      )
      .pluck();
  const asSeen = `seq = :seq AND status = :status AND key_suffix = :keySuffix AND confirmed_at IS :confirmedAt
         AND lease_id IS NULL`;
  return {
    redrive: db.prepare(`
      UPDATE events
         SET status = 'pending', available_at = 0, wait_reason = NULL, attempts = 0, claims = 0, resends = 0,
             processed_at = NULL, confirmed_at = NULL, gateway = NULL,
             key_suffix = CASE
               WHEN NOT :isNew THEN key_suffix
               WHEN key_suffix GLOB '~r[0-9]*' THEN '~r' || (CAST(substr(key_suffix, 3) AS INTEGER) + 1)
               ELSE '~r2' END
       WHERE ${asSeen} AND status IN ('dead', 'discarded', 'processed')`),
    discard: db.prepare(`
      UPDATE events
         SET status = 'discarded', wait_reason = NULL,
             last_error = 'discarded: ' || :reason || coalesce('; before: ' || last_error, '')
       WHERE ${asSeen} AND status IN ('pending', 'dead')`),
    prunableConfirmed: prunable('IS NOT NULL'),
    prunableUnconfirmed: prunable('IS NULL'),
    log: db.prepare(
      `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (:at, :kind, :seq, :detail)`,
    ),
  };
}

function changed(
  events: readonly SeenEvent[],
  change: (seen: { seq: number; status: string; keySuffix: string; confirmedAt: string | null }) => number,
): readonly number[] {
  return events
    .filter(({ seq, status, keySuffix, confirmedAtMs }) => {
      const confirmedAt = confirmedAtMs === null ? null : isoText(confirmedAtMs);
      return change({ seq, status, keySuffix, confirmedAt }) === 1;
    })
    .map(({ seq }) => seq);
}
