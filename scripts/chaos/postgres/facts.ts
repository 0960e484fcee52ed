// What the run asks a PostgreSQL server, on connections of its own. While the server is away it waits, but for what a kill has to know at
// once.
import { sleep, systemClock } from '../../../apps/outbox/clock.ts';
import { isBusy, isPassing } from '../../../apps/outbox/judge-trouble.ts';
import { connectPostgres, type PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';
import type { Facts, LeasedEvent, PlainEvent } from '../facts.ts';
import { type Report, ReportBook } from '../reports.ts';
import { type HeldSlot, slotsNow } from './held-slots.ts';
import { newReports } from './report-rows.ts';

/** A server that is away for longer is not coming back. */
const awayLimitMs = 60_000;
const askAgainMs = 50;

/** Chaos under its own name in pg_stat_activity: nobody ends its connections. */
export const chaosName = 'outbox-chaos';

/** Asks the database of the run, which a relayer or an ingester must have migrated. Hands on each report of a relayer once. */
export function openPostgresFacts(url: string, onReport: (report: Report) => void): Facts {
  const connection = connectPostgres({ url, synchronousCommit: 'on', applicationName: chaosName });
  const book = new ReportBook(onReport);
  const readReports = once(reportsInto(connection, book));
  const one = async (statement: string, values: readonly unknown[] = []) => {
    const [row] = await patiently(() => connection.query<{ value: number }>(statement, values));
    return row?.value ?? 0;
  };
  const counts = async () => {
    const [row] = await patiently(() => connection.query<Awaited<ReturnType<Facts['counts']>>>(sql.counts));
    return row ?? { committed: 0, processed: 0, pending: 0 };
  };
  let slots: Awaited<ReturnType<Facts['relayerSlots']>> = new Map();
  return {
    counts,
    lastSeq: () => one('SELECT coalesce(max(seq), 0) AS value FROM events'),
    pendingUpTo: (seq) => one(sql.pendingUpTo, [seq]),
    async relayerSlots() {
      await unlessAway(async () => {
        await readReports();
        const held = await connection.query<HeldSlot>(sql.heldSlots);
        slots = slotsNow({ started: book.slots, before: slots, held });
      });
      return slots;
    },
    leasedBy: (slot) => unlessAway(() => connection.query<LeasedEvent>(sql.leasedBy, [slot])),
    leftBy: ({ pid, slot }) =>
      unlessAway(async () => {
        await untilForgotten(connection, pid);
        return connection.query<LeasedEvent>(sql.leasedBy, [slot]);
      }),
    pendingAmong: (keys) => one(sql.pendingAmong, [keys]),
    async fencedEvents() {
      await patiently(readReports);
      return book.fencedEvents;
    },
    gateways: async () =>
      (await patiently(() => connection.query<{ gateway: string }>(sql.gateways))).map(
        ({ gateway }) => gateway,
      ),
    isNobodyWriting: async () => (await one(sql.insideTransaction)) === 0,
    insertEvent: (row) => patiently(() => insert(connection, row)),
    close: () => connection.close(),
  };
}

function reportsInto(connection: PostgresConnection, book: ReportBook): () => Promise<void> {
  const read = newReports(connection);
  return async () => {
    for (const report of await read()) book.add(report);
  };
}

/** Two readers at once would both find the same reports new. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}

const forgottenLimitMs = 500;

/** The server may still be at the last statement of a process that has died. */
async function untilForgotten(connection: PostgresConnection, pid: number): Promise<void> {
  const endMs = systemClock.monotonicMs() + forgottenLimitMs;
  while (systemClock.monotonicMs() < endMs) {
    const [row] = await connection.query<{ value: number }>(sql.connectionsOf, [pid]);
    if (row?.value === 0) return;
    await sleep(systemClock, 1);
  }
}

async function insert(connection: PostgresConnection, row: PlainEvent): Promise<string | null> {
  try {
    const values = [row.businessId, row.eventType, row.payload, row.headers];
    const [inserted] = await connection.query<{ id: string }>(sql.insert, values);
    return inserted?.id ?? null;
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}

async function unlessAway<Result>(work: () => Promise<Result>): Promise<Result | null> {
  try {
    return await work();
  } catch (error) {
    if (isPassing(error)) return null;
    throw error;
  }
}

/** Tries again while the server is away. Throws its error when that takes too long. */
export async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  const endMs = systemClock.monotonicMs() + awayLimitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || systemClock.monotonicMs() > endMs) throw error;
      await sleep(systemClock, askAgainMs);
    }
  }
}

const sql = {
  counts: `SELECT count(*) AS committed, count(*) FILTER (WHERE status = 'processed') AS processed,
                  count(*) FILTER (WHERE status = 'pending') AS pending FROM events`,
  pendingUpTo: `SELECT count(*) AS value FROM events WHERE status = 'pending' AND seq <= $1`,
  pendingAmong: `SELECT count(*) AS value FROM events WHERE status = 'pending' AND id || key_suffix = ANY($1::text[])`,
  leasedBy: `SELECT id || key_suffix AS key, available_at AS "untilMs" FROM events
              WHERE lease_id >= $1 || ':' AND lease_id < $1 || ';'`,
  connectionsOf: `SELECT count(*) AS value FROM pg_stat_activity WHERE application_name = 'outbox-relayer ' || $1::text`,
  gateways: `SELECT DISTINCT detail::json ->> 'gateway' AS gateway FROM outbox_log WHERE kind = 'verified'`,
  insideTransaction: `SELECT count(*) AS value FROM pg_stat_activity
                       WHERE datname = current_database() AND application_name LIKE 'outbox-relayer%' AND state LIKE 'idle in transaction%'`,
  heldSlots: `
    SELECT substring(a.application_name FROM '\\d+$')::int AS pid, lpad(l.objid::text, 2, '0') AS slot
      FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND a.datname = current_database()
       AND a.application_name ~ '^outbox-relayer \\d+$' AND l.objid::bigint < 64
     ORDER BY l.objid`,
  insert: `INSERT INTO events (business_id, event_type, payload, headers) VALUES ($1, $2, $3, $4) RETURNING id`,
} as const;
