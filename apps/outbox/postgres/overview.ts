// The numbers people look at, on PostgreSQL. Every count walks a partial index that is there for the relayer's sake; only the total walks a
// whole one. It looks only; nothing here changes an event.

import type { OutboxCounts } from '../event-state.ts';
import type { LogEntry } from '../log-entry.ts';
import type { LogRecord, OutboxOverview, OverviewVerbs } from '../overview-verbs.ts';
import type { PostgresConnection, Queries } from './connection.ts';
import { epochMsOrNull, type Instant, instantAt } from './instant.ts';
import { logRecord, type RecordRow } from './log-record.ts';

const recordsShown = 20;
/** Rows that are looked at one by one, for what no index holds. */
const mostRowsRead = 10_000;

/** The verbs on a database that has our tables. */
export function postgresOverview(connection: PostgresConnection): OverviewVerbs {
  return {
    counts: async () => countsOf(await connection.query<CountsRow>(overviewStatements.counts)),
    overview: (request) => connection.snapshot((tx) => overviewOf(tx, request)),
  };
}

interface CountsRow {
  readonly total: number;
  readonly pending: number;
  readonly leased: number;
  readonly confirmed: number;
  readonly unconfirmed: number;
  readonly dead: number;
}

interface NowRow {
  readonly due: number;
  readonly created: number;
  readonly accepted: number;
  readonly oldest_created_at: Instant | null;
}

const events = (where: string) => `(SELECT count(*) FROM events WHERE ${where})`;
const accepted = (confirmedAt: 'IS NULL' | 'IS NOT NULL') =>
  events(`status = 'processed' AND confirmed_at ${confirmedAt}
            AND processed_at > ${instantAt('$2')} AND processed_at <= ${instantAt('$1')}`);

/** Exported for the test that looks at the plans. */
export const overviewStatements = {
  counts: `
    SELECT (SELECT count(*) FROM events) AS total,
           ${events(`status = 'pending'`)} AS pending,
           ${events('lease_id IS NOT NULL')} AS leased,
           ${events(`status = 'processed' AND confirmed_at IS NOT NULL`)} AS confirmed,
           ${events(`status = 'processed' AND confirmed_at IS NULL`)} AS unconfirmed,
           ${events(`status = 'dead'`)} AS dead`,
  // seq is in the index of what is due; the sum keeps the planner from walking the whole table in the order of seq until it meets a
  // pending row.
  now: `
    SELECT ${events(`status = 'pending' AND available_at <= $1`)} AS due,
           ${events(`created_at > ${instantAt('$2')} AND created_at <= ${instantAt('$1')}`)} AS created,
           ${accepted('IS NOT NULL')} + ${accepted('IS NULL')} AS accepted,
           (SELECT created_at FROM events
             WHERE seq = (SELECT min(seq + 0) FROM events WHERE status = 'pending')) AS oldest_created_at`,
  waiting: `
    SELECT reason, count(*) AS events
      FROM (SELECT coalesce(wait_reason, 'scheduled') AS reason, lease_id FROM events
             WHERE status = 'pending' AND available_at > $1
             ORDER BY available_at LIMIT ${mostRowsRead}) AS next
     WHERE lease_id IS NULL GROUP BY reason ORDER BY 2 DESC, reason COLLATE "C"`,
  leasedBySlot: `
    SELECT left(lease_id, greatest(strpos(lease_id, ':') - 1, 0)) AS slot, count(*) AS events FROM events
     WHERE lease_id IS NOT NULL GROUP BY 1`,
  deadByReason: `
    SELECT reason, count(*) AS events
      FROM (SELECT coalesce(last_error, 'no reason recorded') AS reason FROM events
             WHERE status = 'dead' ORDER BY seq DESC LIMIT ${mostRowsRead}) AS newest
     GROUP BY reason ORDER BY 2 DESC, reason COLLATE "C" LIMIT 20`,
  records: `SELECT kind, at, event_seq, detail FROM outbox_log WHERE kind = $1 ORDER BY id DESC LIMIT $2`,
};

async function overviewOf(
  tx: Queries,
  { nowMs, windowMs }: { readonly nowMs: number; readonly windowMs: number },
): Promise<OutboxOverview> {
  const rows = await tx.query<CountsRow>(overviewStatements.counts);
  const [now] = await tx.query<NowRow>(overviewStatements.now, [nowMs, nowMs - windowMs]);
  const leases = await tx.query<{ slot: string; events: number }>(overviewStatements.leasedBySlot);
  const oldestMs = epochMsOrNull(now?.oldest_created_at ?? null);
  const newest = async (kind: LogEntry['kind'], limit = 1): Promise<readonly LogRecord[]> =>
    (await tx.query<RecordRow>(overviewStatements.records, [kind, limit])).map(logRecord);
  return {
    counts: countsOf(rows),
    due: now?.due ?? 0,
    oldestPendingAtMs: Number.isNaN(oldestMs) ? null : oldestMs,
    waiting: await tx.query<OutboxOverview['waiting'][number]>(overviewStatements.waiting, [nowMs]),
    unconfirmed: rows[0]?.unconfirmed ?? 0,
    leasedBySlot: Object.fromEntries(leases.map((lease) => [lease.slot, lease.events])),
    recent: { windowMs, created: now?.created ?? 0, accepted: now?.accepted ?? 0 },
    deadByReason: await tx.query<OutboxOverview['deadByReason'][number]>(overviewStatements.deadByReason),
    gateway: (await newest('gateway'))[0] ?? null,
    pipeline: (await newest('pipeline'))[0] ?? null,
    relayers: [
      ...(await newest('relayer_started', recordsShown)),
      ...(await newest('taken_over', recordsShown)),
    ].toSorted((a, b) => b.atMs - a.atMs),
    walBytes: null,
  };
}

function countsOf([row]: readonly CountsRow[]): OutboxCounts {
  const { total = 0, pending = 0, leased = 0, confirmed = 0, unconfirmed = 0, dead = 0 } = row ?? {};
  const processed = confirmed + unconfirmed;
  // Discarded events are few, and without an index of their own: what the others leave.
  return { pending, leased, processed, dead, discarded: total - pending - processed - dead };
}
