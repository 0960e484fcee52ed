// The limit: the same work without a relayer around it, with its client or with undici's. It retries, fences and records nothing. In halves
// SQLite's half claims and settles every event in batches as large as the slots allow, and then HTTP's half keeps as many requests in flight as
// there are slots: neither ever waits for the other. In turns each batch is claimed, sent and settled before the next, as by the plainest
// relayer there could be.
import { randomBytes } from 'node:crypto';
import { isoText } from '../../apps/outbox/clock.ts';
import { gatewayName } from '../../apps/outbox/convoy-url.ts';
import { leaseIds } from '../../apps/outbox/lease-id.ts';
import { openDatabase, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { type BareRow, type Client, openSender } from './bare-sender.ts';
import { project } from './ground.ts';
import { monotonicMs } from './monotonic.ts';

export interface BareWork {
  readonly database: string;
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly slots: number;
  readonly client: Client;
}

export interface BareTimes {
  readonly events: number;
  /** Claiming and settling. */
  readonly sqliteMs: number;
  /** Building, sending and judging the requests. */
  readonly httpMs: number;
  /** When the last one was done, ms of the system-wide monotonic clock. */
  readonly endedMs: number;
  /** CPU time of the process from the call on. */
  readonly cpuMs: number;
}

/** Does all pending events of a database, in halves. */
export async function relayInHalves({ database, baseUrl, slots, client }: BareWork): Promise<BareTimes> {
  const cpu = process.cpuUsage();
  const startedMs = monotonicMs();
  const db = await openAsRelayers(database);
  const turn = bareTurn(db, { baseUrl, slots });
  const rows: BareRow[] = [];
  for (let claimed = turn([]); claimed.length > 0; claimed = turn(claimed)) {
    for (const row of claimed) rows.push(row);
  }
  const betweenMs = monotonicMs();
  const sender = openSender(client, baseUrl, slots);
  await sender.sendAll(rows);
  const endedMs = monotonicMs();
  const { user, system } = process.cpuUsage(cpu);
  // The last checkpoint is in here. A drain does not wait for it either.
  db.close();
  await sender.close();
  return {
    events: rows.length,
    sqliteMs: betweenMs - startedMs,
    httpMs: endedMs - betweenMs,
    endedMs,
    cpuMs: (user + system) / 1_000,
  };
}

/** Does all pending events of a database, in turns. */
export async function relayInTurns({
  database,
  baseUrl,
  slots,
  client,
}: BareWork): Promise<Pick<BareTimes, 'events' | 'endedMs'>> {
  const db = await openAsRelayers(database);
  const turn = bareTurn(db, { baseUrl, slots });
  const sender = openSender(client, baseUrl, slots);
  let events = 0;
  for (let claimed = turn([]); claimed.length > 0; claimed = turn(claimed)) {
    await sender.sendAll(claimed);
    events += claimed.length;
  }
  const endedMs = monotonicMs();
  db.close();
  await sender.close();
  return { events, endedMs };
}

/** With a relayer's durability and checkpoints. */
function openAsRelayers(file: string): Promise<SqliteConnection> {
  return openDatabase(file, { synchronous: 'NORMAL', busyTimeoutMs: 20, autocheckpointPages: 2_000 });
}

/** Settles what is held, which is what was claimed the time before, and claims as much as there are slots, in one transaction. */
function bareTurn(
  db: SqliteConnection,
  { baseUrl, slots }: Pick<BareWork, 'baseUrl' | 'slots'>,
): (held: readonly BareRow[]) => readonly BareRow[] {
  // As the relayer's statements are: OR ROLLBACK, rows as arrays, a `+` before what must not be looked at for a plan, one for a lease.
  const claim = db
    .prepare(`
    UPDATE OR ROLLBACK events SET lease_id = :leaseId, available_at = :endsAtMs, claims = claims + 1
     WHERE seq IN (SELECT seq FROM events WHERE status = 'pending' AND available_at <= +:nowMs
                    ORDER BY available_at, seq LIMIT +:slots)
    RETURNING seq, id, business_id, event_type, json(payload)`)
    .raw();
  const settle = db
    .prepare(`
    UPDATE OR ROLLBACK events SET status = 'processed', lease_id = NULL, processed_at = :at, gateway = :gateway, claims = 0
     WHERE seq IN (SELECT value FROM json_each(:seqs)) AND lease_id = +:leaseId
    RETURNING seq`)
    .pluck();
  // As long as those of a relayer, like the time: rows grow by them.
  const nextLeaseId = leaseIds({ slot: '00', token: randomBytes(6).toString('hex') });
  const gateway = gatewayName(baseUrl, project.id);
  let leaseId = '';
  const { immediate } = db.transaction((held: readonly BareRow[]): readonly BareRow[] => {
    const nowMs = Date.now();
    const at = isoText(nowMs);
    const seqs = JSON.stringify(held.map(([seq]) => seq));
    settle.all({ seqs, leaseId, at, gateway });
    leaseId = nextLeaseId();
    const lease = { leaseId, endsAtMs: nowMs + 30_000, nowMs, slots };
    return (claim.all(lease) as BareRow[]).sort(([a], [b]) => a - b);
  });
  return immediate;
}
