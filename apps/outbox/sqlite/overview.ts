// The numbers people look at, in SQLite. Every count walks a partial index that is there for the relayer's sake: none
// reads the rows of a million events, and no index is kept for looking alone.

import { isoText } from '../clock.ts';
import type { OutboxCounts } from '../event-state.ts';
import type { LogEntry } from '../log-entry.ts';
import type { LogRecord, OutboxOverview, OverviewVerbs } from '../overview-verbs.ts';
import { recordDetail } from '../record-detail.ts';
import type { SqliteConnection } from './connection.ts';
import { walBytesOf } from './wal.ts';

/** The verbs on an open connection whose tables exist. Nothing is prepared before somebody looks: a start must not pay for it. */
export function sqliteOverview(db: SqliteConnection): OverviewVerbs {
  let prepared: OverviewStatements | null = null;
  const statements = () => {
    prepared ??= prepareOverview(db);
    return prepared;
  };
  // One transaction: the counts of one instant add up.
  const counts = db.transaction(() => countsOf(statements()));
  const overview = db.transaction((request: Window) => overviewOf(statements(), request));
  return {
    counts: async () => counts(),
    overview: async (request) => ({ ...overview(request), walBytes: walBytesOf(db) }),
  };
}

type Window = { readonly nowMs: number; readonly windowMs: number };

const recordsShown = 20;
/** Rows that are looked at one by one, for what no index holds: some 15 ms. */
const mostRowsRead = 10_000;

type OverviewStatements = ReturnType<typeof prepareOverview>;

/** Exported for the test that looks at the plans. */
export function prepareOverview(db: SqliteConnection) {
  const count = (where: string) => db.prepare(`SELECT count(*) FROM events WHERE ${where}`).pluck();
  return {
    total: db.prepare('SELECT count(*) FROM events').pluck(),
    pending: count(`status = 'pending'`),
    confirmed: count(`status = 'processed' AND confirmed_at IS NOT NULL`),
    unconfirmedTotal: count(`status = 'processed' AND confirmed_at IS NULL`),
    deadTotal: count(`status = 'dead'`),
    leased: count('lease_id IS NOT NULL'),
    due: count(`status = 'pending' AND available_at <= ?`),
    leasedBySlot: db.prepare(`
      SELECT substr(lease_id, 1, instr(lease_id, ':') - 1) AS slot, count(*) AS events FROM events
       WHERE lease_id IS NOT NULL GROUP BY 1`),
    // seq is in the index of what is due; created_at is not, and would be read for every pending row. The plus keeps SQLite from
    // walking the whole table in the order of seq until it meets a pending row.
    oldestPending: db
      .prepare(`
        SELECT created_at FROM events WHERE seq = (SELECT min(+seq) FROM events WHERE status = 'pending')`)
      .pluck(),
    waiting: db.prepare(`
      SELECT coalesce(wait_reason, 'scheduled') AS reason, count(*) AS events
        FROM (SELECT wait_reason, lease_id FROM events WHERE status = 'pending' AND available_at > :nowMs
               ORDER BY available_at LIMIT ${mostRowsRead})
       WHERE lease_id IS NULL GROUP BY 1 ORDER BY 2 DESC, 1`),
    created: count('created_at > :from AND created_at <= :to'),
    acceptedConfirmed: count(
      `status = 'processed' AND confirmed_at IS NOT NULL AND processed_at > :from AND processed_at <= :to`,
    ),
    acceptedUnconfirmed: count(
      `status = 'processed' AND confirmed_at IS NULL AND processed_at > :from AND processed_at <= :to`,
    ),
    deadByReason: db.prepare(`
      SELECT coalesce(last_error, 'no reason recorded') AS reason, count(*) AS events
        FROM (SELECT last_error FROM events WHERE status = 'dead' ORDER BY seq DESC LIMIT ${mostRowsRead})
       GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20`),
    records: db.prepare(
      'SELECT kind, at, event_seq, detail FROM outbox_log WHERE kind = :kind ORDER BY id DESC LIMIT :limit',
    ),
  };
}

function overviewOf(statements: OverviewStatements, request: Window): Omit<OutboxOverview, 'walBytes'> {
  return {
    counts: countsOf(statements),
    ...pendingOf(statements, request.nowMs),
    ...processedOf(statements, request),
    deadByReason: statements.deadByReason.all() as OutboxOverview['deadByReason'],
    gateway: newest(statements, 'gateway')[0] ?? null,
    pipeline: newest(statements, 'pipeline')[0] ?? null,
    relayers: [
      ...newest(statements, 'relayer_started', recordsShown),
      ...newest(statements, 'taken_over', recordsShown),
    ].toSorted((a, b) => b.atMs - a.atMs),
  };
}

function countsOf(statements: OverviewStatements): OutboxCounts {
  const pending = Number(statements.pending.get());
  const processed = Number(statements.confirmed.get()) + Number(statements.unconfirmedTotal.get());
  const dead = Number(statements.deadTotal.get());
  return {
    pending,
    leased: Number(statements.leased.get()),
    processed,
    dead,
    // Few, and without an index of their own: what the others leave.
    discarded: Number(statements.total.get()) - pending - processed - dead,
  };
}

function pendingOf(statements: OverviewStatements, nowMs: number) {
  const oldestMs = Date.parse(String(statements.oldestPending.get() ?? ''));
  const leases = statements.leasedBySlot.all() as { slot: string; events: number }[];
  return {
    due: Number(statements.due.get(nowMs)),
    oldestPendingAtMs: Number.isNaN(oldestMs) ? null : oldestMs,
    waiting: statements.waiting.all({ nowMs }) as OutboxOverview['waiting'],
    leasedBySlot: Object.fromEntries(leases.map(({ slot, events }) => [slot, events])),
  };
}

function processedOf(statements: OverviewStatements, { nowMs, windowMs }: Window) {
  const window = { from: isoText(nowMs - windowMs), to: isoText(nowMs) };
  return {
    unconfirmed: Number(statements.unconfirmedTotal.get()),
    recent: {
      windowMs,
      created: Number(statements.created.get(window)),
      accepted:
        Number(statements.acceptedConfirmed.get(window)) + Number(statements.acceptedUnconfirmed.get(window)),
    },
  };
}

function newest(statements: OverviewStatements, kind: LogEntry['kind'], limit = 1): readonly LogRecord[] {
  return (statements.records.all({ kind, limit }) as RecordRow[]).map(logRecord);
}

/** A row of `outbox_log`. */
export interface RecordRow {
  readonly kind: LogEntry['kind'];
  readonly at: string;
  readonly event_seq: number | null;
  readonly detail: string;
}

/** The record in a row; a detail that a hand has spoilt is shown as `text`. */
export function logRecord(row: RecordRow): LogRecord {
  return {
    kind: row.kind,
    atMs: Date.parse(row.at),
    eventSeq: row.event_seq,
    detail: recordDetail(row.detail),
  };
}
