// A person's decisions over events, in SQLite. What was seen is compared inside the transaction that changes it: a relayer or another
// person may have been faster.
import { isoText } from '../clock.ts';
import type { OperatorVerbs, SeenEvent } from '../operator-verbs.ts';
import { type EventBefore, formerAcceptances, nextSuffix } from '../redriven.ts';
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
        const before = events.flatMap((seen) => redriveOne(statements, { seen, keys }));
        const seqs = before.map(({ seq }) => seq);
        if (seqs.length > 0)
          record('redriven', { seqs, nowMs, ...{ keys, note }, ...formerAcceptances(before) });
        return seqs;
      });
    },
    async discard({ events, reason, nowMs }) {
      return immediately(db, 'discard', () => {
        const seqs = events
          .filter((seen) => statements.discard.run({ ...asSeen(seen), reason }).changes === 1)
          .map(({ seq }) => seq);
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
  const isAsSeen = `seq = :seq AND status = :status AND key_suffix = :keySuffix AND confirmed_at IS :confirmedAt
         AND lease_id IS NULL`;
  return {
    redrivable: db.prepare(`
      SELECT seq, id, key_suffix, gateway, processed_at, confirmed_at FROM events
       WHERE ${isAsSeen} AND status IN ('dead', 'discarded', 'processed')`),
    isId: db.prepare('SELECT 1 FROM events WHERE id = ?').pluck(),
    redrive: db.prepare(`
      UPDATE events
         SET status = 'pending', available_at = 0, wait_reason = NULL, attempts = 0, claims = 0, resends = 0,
             processed_at = NULL, confirmed_at = NULL, gateway = NULL, key_suffix = :suffix
       WHERE seq = :seq`),
    discard: db.prepare(`
      UPDATE events
         SET status = 'discarded', wait_reason = NULL,
             last_error = 'discarded: ' || :reason || coalesce('; before: ' || last_error, '')
       WHERE ${isAsSeen} AND status IN ('pending', 'dead')`),
    prunableConfirmed: prunable('IS NOT NULL'),
    prunableUnconfirmed: prunable('IS NULL'),
    log: db.prepare(
      `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (:at, :kind, :seq, :detail)`,
    ),
  };
}

type OperatorStatements = ReturnType<typeof prepareOperator>;

/** The event as it was before, if it still is as it was seen; it is pending now. */
function redriveOne(
  { redrivable, isId, redrive }: OperatorStatements,
  { seen, keys }: { readonly seen: SeenEvent; readonly keys: 'same' | 'new' },
): EventBefore[] {
  const row = redrivable.get(asSeen(seen)) as RedrivableRow | undefined;
  if (row === undefined) return [];
  const { seq, id, key_suffix: keySuffix, gateway } = row;
  let suffix = keys === 'same' ? keySuffix : nextSuffix(keySuffix);
  while (keys === 'new' && isId.get(id + suffix) !== undefined) suffix = nextSuffix(suffix);
  redrive.run({ seq, suffix });
  const [processedAtMs, confirmedAtMs] = [instantOrNull(row.processed_at), instantOrNull(row.confirmed_at)];
  return [{ seq, id, keySuffix, gateway, processedAtMs, confirmedAtMs }];
}

interface RedrivableRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly gateway: string | null;
  readonly processed_at: string | null;
  readonly confirmed_at: string | null;
}

function instantOrNull(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

function asSeen({ seq, status, keySuffix, confirmedAtMs }: SeenEvent) {
  return { seq, status, keySuffix, confirmedAt: confirmedAtMs === null ? null : isoText(confirmedAtMs) };
}
