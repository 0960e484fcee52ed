// The verbs of a page that moves, in SQLite: seeks and bounded walks of indexes that are there for the relayer's sake. Measured with
// a million events: a glance 1 ms, everything else less. It looks only; nothing here changes an event.

import { isoText } from '../clock.ts';
import type { Acceptance, BoundedCount, DeadReason, LiveVerbs, NumberedRecord } from '../live-verbs.ts';
import type { ReasonCount } from '../overview-verbs.ts';
import type { SqliteConnection } from './connection.ts';
import { logRecord, type RecordRow } from './overview.ts';
import { walBytesOf } from './wal.ts';

/** Of what piles up, at each glance: under a millisecond. */
const mostAtGlance = 20_000;
/** Of what happens within an interval. */
const mostWithin = 50_000;
const mostWaitingRead = 500;
const mostDeadRead = 2_000;
const acceptancesRead = 500;
const acceptancesWithinMs = 60_000;
const latenciesPerInterval = 200;

type Window = { readonly fromMs: number; readonly toMs: number };

/** The verbs on an open connection whose tables exist. Nothing is prepared before somebody looks: a start must not pay for it. */
export function sqliteLive(db: SqliteConnection): LiveVerbs {
  let prepared: LiveStatements | null = null;
  let table = '';
  const statements = () => {
    if (prepared !== null) return prepared;
    // The outbox may have another name than the SQL says.
    table = db.prepare('SELECT seq FROM events').columns()[0]?.table ?? 'events';
    prepared = prepareLive(db);
    return prepared;
  };
  // One transaction each: the numbers of one instant fit together.
  const glance = db.transaction((window: Window) => glanceOf(statements(), table, window));
  const traffic = db.transaction((window: Window) => trafficOf(statements(), window));
  return {
    glance: async (window) => glance(window),
    freshBetween: async (range) => Number(statements().freshBetween.get(range)),
    countDelayed: async () => Number(statements().countDelayed.get()),
    traffic: async (window) => traffic(window),
    async acceptancesAround(atMs) {
      const at = isoText(atMs);
      return {
        beforeMs: instantOrNull(statements().lastAcceptedBefore.get({ at })),
        fromMs: instantOrNull(statements().firstAcceptedFrom.get({ at })),
      };
    },
    async recordAfter(request) {
      const rows = statements().recordAfter.all(request) as (RecordRow & { id: number })[];
      return rows.reverse().map((row): NumberedRecord => ({ id: row.id, ...logRecord(row) }));
    },
    deadReasons: async () => statements().deadReasons.all() as DeadReason[],
    walBytes: () => walBytesOf(db),
  };
}

type LiveStatements = ReturnType<typeof prepareLive>;

/** Exported for the test that looks at the plans. */
export function prepareLive(db: SqliteConnection) {
  const one = (sql: string) => db.prepare(sql).pluck();
  const bounded = (where: string, most = mostWithin) =>
    one(`SELECT count(*) FROM (SELECT 1 FROM events WHERE ${where} LIMIT ${most + 1})`);
  return {
    // SQLite's own counter of AUTOINCREMENT, which pruning does not turn back. It has a row once the first event was there.
    newestSeq: one('SELECT seq FROM sqlite_sequence WHERE name = ?'),
    freshHead: one(`SELECT min(seq) FROM events WHERE status = 'pending' AND available_at = 0`),
    freshBetween: one(`
      SELECT count(*) FROM events
       WHERE status = 'pending' AND available_at = 0 AND seq > :afterSeq AND seq <= :upToSeq`),
    // seq is in the index; the plus keeps SQLite from walking the table in its order instead.
    delayed: db.prepare(`
      SELECT count(*) AS events, min(seq) AS oldestSeq
        FROM (SELECT +seq AS seq FROM events WHERE status = 'pending' AND available_at > 0 LIMIT ${mostAtGlance + 1})`),
    countDelayed: one(`SELECT count(*) FROM events WHERE status = 'pending' AND available_at > 0`),
    leased: one('SELECT count(*) FROM events WHERE lease_id IS NOT NULL'),
    createdAt: one('SELECT created_at FROM events WHERE seq = ?'),
    dead: bounded(`status = 'dead'`, mostAtGlance),
    waiting: db.prepare(`
      SELECT reason, count(*) AS events
        FROM (SELECT coalesce(wait_reason, CASE WHEN lease_id IS NULL THEN 'scheduled' END) AS reason FROM events
               WHERE status = 'pending' AND available_at > 0 ORDER BY available_at LIMIT ${mostWaitingRead})
       WHERE reason IS NOT NULL GROUP BY reason ORDER BY events DESC, reason`),
    appended: bounded('created_at > :from AND created_at <= :to'),
    acceptedConfirmed: bounded(accepted('IS NOT NULL', 'processed_at > :from AND processed_at <= :to')),
    acceptedUnconfirmed: bounded(accepted('IS NULL', 'processed_at > :from AND processed_at <= :to')),
    acceptances: db.prepare(`
      ${eitherWay('processed_at, created_at', 'processed_at > :from AND processed_at <= :to')}
       ORDER BY processed_at DESC LIMIT :limit`),
    lastAcceptedBefore: one(`
      SELECT max(at) FROM (SELECT max(processed_at) AS at FROM events WHERE ${accepted('IS NULL', 'processed_at < :at')}
                           UNION ALL
                           SELECT max(processed_at) FROM events WHERE ${accepted('IS NOT NULL', 'processed_at < :at')})`),
    firstAcceptedFrom: one(`
      SELECT min(at) FROM (SELECT min(processed_at) AS at FROM events WHERE ${accepted('IS NULL', 'processed_at >= :at')}
                           UNION ALL
                           SELECT min(processed_at) FROM events WHERE ${accepted('IS NOT NULL', 'processed_at >= :at')})`),
    recordAfter: db.prepare(
      'SELECT id, kind, at, event_seq, detail FROM outbox_log WHERE id > :afterId ORDER BY id DESC LIMIT :limit',
    ),
    deadReasons: db.prepare(`
      SELECT coalesce(last_error, 'no reason recorded') AS reason, count(*) AS events, max(id) AS exampleId
        FROM (SELECT last_error, id FROM events WHERE status = 'dead' ORDER BY seq DESC LIMIT ${mostDeadRead})
       GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`),
  };
}

/** Accepted events lie in two partial indexes, by whether they were read back: each is walked in its own order. */
function accepted(confirmedAt: 'IS NULL' | 'IS NOT NULL', where: string): string {
  return `status = 'processed' AND confirmed_at ${confirmedAt} AND ${where}`;
}

function eitherWay(columns: string, where: string): string {
  return (['IS NULL', 'IS NOT NULL'] as const)
    .map((kind) => `SELECT ${columns} FROM events WHERE ${accepted(kind, where)}`)
    .join(' UNION ALL ');
}

function glanceOf(statements: LiveStatements, table: string, { fromMs, toMs }: Window) {
  const freshHeadSeq = statements.freshHead.get() as number | null;
  const delayed = statements.delayed.get() as { events: number; oldestSeq: number | null };
  const lowest = [freshHeadSeq, delayed.oldestSeq].filter((seq) => seq !== null);
  const window = { from: isoText(fromMs), to: isoText(toMs) };
  return {
    newestSeq: Number(statements.newestSeq.get(table) ?? 0),
    freshHeadSeq,
    delayed: boundedAt(delayed.events, mostAtGlance),
    leased: Number(statements.leased.get()),
    oldestPendingAtMs:
      lowest.length === 0 ? null : instantOrNull(statements.createdAt.get(Math.min(...lowest))),
    dead: boundedAt(Number(statements.dead.get()), mostAtGlance),
    waiting: statements.waiting.all() as ReasonCount[],
    accepted:
      Number(statements.acceptedConfirmed.get(window)) + Number(statements.acceptedUnconfirmed.get(window)),
    acceptances: acceptancesOf(
      statements,
      { fromMs: Math.max(0, toMs - acceptancesWithinMs), toMs },
      acceptancesRead,
    ),
  };
}

function trafficOf(statements: LiveStatements, { fromMs, toMs }: Window) {
  const window = { from: isoText(fromMs), to: isoText(toMs) };
  return {
    appended: boundedAt(Number(statements.appended.get(window))),
    accepted: boundedAt(
      Number(statements.acceptedConfirmed.get(window)) + Number(statements.acceptedUnconfirmed.get(window)),
    ),
    latenciesMs: acceptancesOf(statements, { fromMs, toMs }, latenciesPerInterval).map(
      ({ latencyMs }) => latencyMs,
    ),
  };
}

function acceptancesOf(statements: LiveStatements, { fromMs, toMs }: Window, limit: number): Acceptance[] {
  const rows = statements.acceptances.all({ from: isoText(fromMs), to: isoText(toMs), limit });
  return (rows as { processed_at: string; created_at: string }[]).flatMap((row) => {
    const atMs = Date.parse(row.processed_at);
    const latencyMs = atMs - Date.parse(row.created_at);
    // A row edited by hand may hold no date.
    return Number.isFinite(latencyMs) ? [{ atMs, latencyMs: Math.max(0, latencyMs) }] : [];
  });
}

function boundedAt(events: number, most = mostWithin): BoundedCount {
  return { events: Math.min(events, most), isExact: events <= most };
}

function instantOrNull(text: unknown): number | null {
  const atMs = Date.parse(String(text ?? ''));
  return Number.isNaN(atMs) ? null : atMs;
}
