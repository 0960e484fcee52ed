// A person's decisions over events, on PostgreSQL. What was seen is compared as the rows are locked, in the order of seq: a relayer or another
// person may have been faster.
import { crashPoint } from '../crash-point.ts';
import type { OperatorVerbs, SeenEvent } from '../operator-verbs.ts';
import { type EventBefore, formerAcceptances, nextSuffix } from '../redriven.ts';
import type { PostgresConnection, Queries } from './connection.ts';
import { epochMsOrNull, type Instant, instantAt } from './instant.ts';
import { storableJson, storableText } from './storable-text.ts';

/** The verbs on a database that has our tables. */
export function postgresOperator(connection: PostgresConnection): OperatorVerbs {
  return {
    async redrive({ events, keys, note, nowMs }) {
      const seqs = await connection.transaction(async (tx) => {
        const before = await lockedAsSeen(tx, events, ['dead', 'discarded', 'processed']);
        if (before.length === 0) return [];
        const moved = before.map(({ seq }) => seq);
        const suffixes =
          keys === 'same' ? before.map(({ keySuffix }) => keySuffix) : await newSuffixes(tx, before);
        await tx.run(operatorStatements.redrive, [moved, suffixes]);
        await record(tx, {
          kind: 'redriven',
          seqs: moved,
          nowMs,
          detail: { keys, note },
          more: formerAcceptances(before),
        });
        await tx.run(operatorStatements.wake);
        crashPoint('store:inside-redrive');
        return moved;
      });
      crashPoint('store:after-redrive');
      return seqs;
    },
    async discard({ events, reason, nowMs }) {
      const seqs = await connection.transaction(async (tx) => {
        const given = (await lockedAsSeen(tx, events, ['pending', 'dead'])).map(({ seq }) => seq);
        if (given.length === 0) return [];
        await tx.run(operatorStatements.discard, [given, storableText(reason)]);
        await record(tx, { kind: 'discarded', seqs: given, nowMs, detail: { reason } });
        crashPoint('store:inside-discard');
        return given;
      });
      crashPoint('store:after-discard');
      return seqs;
    },
    async prunable({ beforeMs }) {
      const [row] = await connection.query<PrunableRow>(operatorStatements.prunable, [beforeMs]);
      return { confirmed: row?.confirmed ?? 0, unconfirmed: row?.unconfirmed ?? 0 };
    },
  };
}

interface PrunableRow {
  readonly confirmed: number;
  readonly unconfirmed: number;
}

const prunable = (confirmedAt: 'IS NULL' | 'IS NOT NULL') => `
  (SELECT count(*) FROM events
    WHERE status = 'processed' AND confirmed_at ${confirmedAt} AND processed_at < ${instantAt('$1')})`;

/** Exported for the test that looks at the plans. */
export const operatorStatements = {
  lock: `
    SELECT event.seq, event.id, event.key_suffix, event.gateway, event.processed_at, event.confirmed_at
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[]) AS seen(seq, status, key_suffix, confirmed_ms)
      JOIN events AS event ON event.seq = seen.seq
     WHERE event.status = seen.status AND event.key_suffix = seen.key_suffix AND event.lease_id IS NULL
       AND event.confirmed_at IS NOT DISTINCT FROM ${instantAt('seen.confirmed_ms')} AND event.status = ANY ($5::text[])
     ORDER BY event.seq FOR UPDATE OF event`,
  ids: `SELECT id FROM events WHERE id = ANY ($1::text[])`,
  redrive: `
    UPDATE events AS event
       SET status = 'pending', available_at = 0, wait_reason = NULL, attempts = 0, claims = 0, resends = 0,
           processed_at = NULL, confirmed_at = NULL, gateway = NULL, key_suffix = moved.key_suffix
      FROM unnest($1::bigint[], $2::text[]) AS moved(seq, key_suffix)
     WHERE event.seq = moved.seq`,
  discard: `
    UPDATE events
       SET status = 'discarded', wait_reason = NULL,
           last_error = 'discarded: ' || $2::text || coalesce('; before: ' || last_error, '')
     WHERE seq = ANY ($1::bigint[])`,
  prunable: `SELECT ${prunable('IS NOT NULL')} AS confirmed, ${prunable('IS NULL')} AS unconfirmed`,
  log: `INSERT INTO outbox_log (at, kind, event_seq, detail) VALUES (${instantAt('$1')}, $2, $3, $4)`,
  // The trigger wakes relayers for new rows only; a person does not want to wait for the poll interval. A channel has 63 characters at
  // most, to which LISTEN shortens a longer name.
  wake: `SELECT pg_notify(left('outbox_' || btrim('"events"', '"'), 63), '')`,
};

interface LockedRow {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly gateway: string | null;
  readonly processed_at: Instant | null;
  readonly confirmed_at: Instant | null;
}

/** Those of the events that still are as they were seen, in a status of these, in the order in which they were named. */
async function lockedAsSeen(
  tx: Queries,
  events: readonly SeenEvent[],
  statuses: readonly SeenEvent['status'][],
): Promise<readonly EventBefore[]> {
  const columns = [
    events.map(({ seq }) => seq),
    events.map(({ status }) => status),
    events.map(({ keySuffix }) => keySuffix),
    events.map(({ confirmedAtMs }) => confirmedAtMs),
  ];
  const rows = await tx.query<LockedRow>(operatorStatements.lock, [...columns, statuses]);
  const locked = new Map(rows.map((row) => [row.seq, eventBefore(row)]));
  const inOrder = [...new Set(events.map(({ seq }) => seq))].map((seq) => locked.get(seq));
  return inOrder.filter((event) => event !== undefined);
}

function eventBefore(row: LockedRow): EventBefore {
  return {
    seq: row.seq,
    id: row.id,
    keySuffix: row.key_suffix,
    gateway: row.gateway,
    processedAtMs: epochMsOrNull(row.processed_at),
    confirmedAtMs: epochMsOrNull(row.confirmed_at),
  };
}

/** For each event the next suffix whose key is no event's id. */
async function newSuffixes(tx: Queries, events: readonly EventBefore[]): Promise<readonly string[]> {
  const suffixes = events.map(({ keySuffix }) => nextSuffix(keySuffix));
  const keyAt = (index: number) => `${events[index]?.id}${suffixes[index]}`;
  for (let open = suffixes.map((_, index) => index); open.length > 0; ) {
    const rows = await tx.query<{ id: string }>(operatorStatements.ids, [open.map(keyAt)]);
    const taken = new Set(rows.map(({ id }) => id));
    open = open.filter((index) => taken.has(keyAt(index)));
    for (const index of open) suffixes[index] = nextSuffix(suffixes[index] ?? '');
  }
  return suffixes;
}

async function record(
  tx: Queries,
  entry: {
    readonly kind: 'redriven' | 'discarded';
    readonly seqs: readonly number[];
    readonly nowMs: number;
    readonly detail: Readonly<Record<string, unknown>>;
    readonly more?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  const { kind, seqs, nowMs, detail, more } = entry;
  const [only, ...others] = seqs;
  const isOne = others.length === 0;
  const whole = { events: seqs.length, ...detail, ...(isOne ? {} : { seqs }), ...more };
  await tx.run(operatorStatements.log, [nowMs, kind, isOne ? only : null, storableJson(whole)]);
}
