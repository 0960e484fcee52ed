// What the run asks the database while it goes on, and the one thing it writes there: events that can never be
// delivered, as a careless program would insert them.

import { isBusy } from '../../apps/outbox/sqlite/code.ts';
import { openDatabase, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { type Report, reportReader } from './reports.ts';

export interface Facts {
  counts(): { readonly committed: number; readonly processed: number; readonly pending: number };
  /** The newest event's place. */
  lastSeq(): number;
  /** Events up to that place that are neither processed nor dead. */
  pendingUpTo(seq: number): number;
  /** By process id, the slot of the relayer that came up last under it, and when (epoch ms). */
  relayerSlots(): ReadonlyMap<number, { readonly slot: string; readonly atMs: number }>;
  /** The events that the relayer of that slot holds. */
  leasedBy(slot: string): readonly LeasedEvent[];
  /** How many of these events, by key, wait or are leased. */
  pendingAmong(keys: readonly string[]): number;
  /** Stale settlements refused so far. */
  fencedEvents(): number;
  /** The gateways that relayers have checked and would deliver to. */
  gateways(): readonly string[];
  /** Whether nobody is inside a write transaction at this instant. */
  isWriteLockFree(): boolean;
  /** Inserts a row of `events`; returns its id, or null when another process holds the write lock. */
  insertEvent(row: PlainEvent): string | null;
  close(): void;
}

export interface LeasedEvent {
  /** The idempotency key. */
  readonly key: string;
  /** When the lease ends by itself; epoch ms. */
  readonly untilMs: number;
}

/** The three columns that a plain INSERT needs, and headers. */
export interface PlainEvent {
  readonly businessId: string;
  readonly eventType: string;
  readonly payload: string;
  readonly headers: string | null;
}

/** Opens the database of the run, which a relayer or an ingester must have migrated. Hands on each report of a relayer once. */
export async function openFacts(file: string, onReport: (report: Report) => void): Promise<Facts> {
  const open = (busyTimeoutMs: number) =>
    openDatabase(file, { synchronous: 'FULL', busyTimeoutMs, autocheckpointPages: 0 });
  // A reader waits only for whoever repairs the WAL's index after a kill; a writer's wait would stop the whole run.
  const db = await open(2_000);
  const writer = await open(0);
  const number = (sql: string) => {
    const statement = db.prepare(sql).pluck();
    return (...values: readonly unknown[]) => Number(statement.get(...values));
  };
  const counts = db.prepare(
    `SELECT count(*) AS committed, count(*) FILTER (WHERE status = 'processed') AS processed,
            count(*) FILTER (WHERE status = 'pending') AS pending FROM events`,
  );
  const leasedBy = db.prepare(
    `SELECT id || key_suffix AS key, available_at AS untilMs FROM events
      WHERE lease_id >= :slot || ':' AND lease_id < :slot || ';'`,
  );
  const verified = db
    .prepare(`SELECT DISTINCT json_extract(detail, '$.gateway') FROM outbox_log WHERE kind = 'verified'`)
    .pluck();
  const lastSeq = number('SELECT coalesce(max(seq), 0) FROM events');
  const pendingUpTo = number(`SELECT count(*) FROM events WHERE status = 'pending' AND seq <= ?`);
  const pendingAmong = number(
    `SELECT count(*) FROM events
      WHERE status = 'pending' AND id || key_suffix IN (SELECT value FROM json_each(?))`,
  );
  const reports = reportsSoFar(db, onReport);
  return {
    counts: () => counts.get() as ReturnType<Facts['counts']>,
    lastSeq: () => lastSeq(),
    pendingUpTo: (seq) => pendingUpTo(seq),
    relayerSlots: () => reports().slots,
    leasedBy: (slot) => leasedBy.all({ slot }) as LeasedEvent[],
    pendingAmong: (keys) => pendingAmong(JSON.stringify(keys)),
    fencedEvents: () => reports().fencedEvents,
    gateways: () => verified.all().map(String),
    isWriteLockFree: () => unlessBusy(() => tryWriteLock(writer)) === true,
    insertEvent: (row) => unlessBusy(() => insert(writer, row)),
    close: () => {
      writer.close();
      db.close();
    },
  };
}

/** Reads each report once, since this is asked twenty times a second. What the table forgets later is not forgotten here. */
function reportsSoFar(db: SqliteConnection, onReport: (report: Report) => void) {
  const slots = new Map<number, { readonly slot: string; readonly atMs: number }>();
  const newReports = reportReader(db);
  let fencedEvents = 0;
  return () => {
    for (const report of newReports()) {
      const { about, atMs, detail } = report;
      const { pid = 0, slot = '', events = 0 } = detail;
      if (about === 'relayer_started') slots.set(pid, { slot, atMs });
      if (about === 'fenced') fencedEvents += events;
      onReport(report);
    }
    return { slots, fencedEvents };
  };
}

function tryWriteLock(db: SqliteConnection): true {
  db.exec('BEGIN IMMEDIATE');
  db.exec('ROLLBACK');
  return true;
}

function insert(db: SqliteConnection, row: PlainEvent): string {
  const id = db
    .prepare(
      `INSERT INTO events (business_id, event_type, payload, headers)
       VALUES (:businessId, :eventType, :payload, :headers) RETURNING id`,
    )
    .pluck()
    .get(row);
  return String(id);
}

function unlessBusy<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}
