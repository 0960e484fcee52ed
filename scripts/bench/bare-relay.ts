// The limit: the same work without a relayer around it. SQLite's half claims and settles every event in batches as large as the
// slots allow; HTTP's half keeps as many requests in flight as there are slots. One after the other, so that neither waits for
// the other. It retries, fences and records nothing.
import type { Dispatcher } from 'undici';
// By the same path as the relayer, or a cold start would compare imports.
import UndiciPool from 'undici/lib/dispatcher/pool.js';
import { openDatabase, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { project } from './ground.ts';
import { monotonicMs } from './monotonic.ts';

export interface BareWork {
  readonly database: string;
  /** Ends in `/api`. */
  readonly baseUrl: string;
  readonly slots: number;
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

/** Does all pending events of a database. */
export async function relayBarely({ database, baseUrl, slots }: BareWork): Promise<BareTimes> {
  const cpu = process.cpuUsage();
  const startedMs = monotonicMs();
  const rows = await claimAndSettleAll(database, slots);
  const betweenMs = monotonicMs();
  await sendAll(rows, baseUrl, slots);
  const endedMs = monotonicMs();
  const { user, system } = process.cpuUsage(cpu);
  return {
    events: rows.length,
    sqliteMs: betweenMs - startedMs,
    httpMs: endedMs - betweenMs,
    endedMs,
    cpuMs: (user + system) / 1_000,
  };
}

type Row = readonly [seq: number, id: string, businessId: string, eventType: string, payload: string];

async function claimAndSettleAll(file: string, slots: number): Promise<readonly Row[]> {
  // The relayer's durability and checkpoints.
  const db = await openDatabase(file, {
    synchronous: 'NORMAL',
    busyTimeoutMs: 20,
    autocheckpointPages: 2_000,
  });
  const turn = bareTurn(db);
  const all: Row[] = [];
  let held: readonly Row[] = [];
  for (let number = 1; ; number++) {
    const claimed = turn.immediate({
      held,
      leaseId: `bare-${number - 1}`,
      nextLeaseId: `bare-${number}`,
      slots,
    });
    for (const row of claimed) all.push(row);
    if (claimed.length === 0) break;
    held = claimed;
  }
  db.close();
  return all;
}

/** Settles what is held and claims as much again, in one transaction. */
function bareTurn(db: SqliteConnection) {
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
  return db.transaction(
    (turn: { held: readonly Row[]; leaseId: string; nextLeaseId: string; slots: number }): readonly Row[] => {
      const nowMs = Date.now();
      const at = new Date(nowMs).toISOString();
      const seqs = JSON.stringify(turn.held.map(([seq]) => seq));
      settle.all({ seqs, leaseId: turn.leaseId, at, gateway: 'bare' });
      const lease = { leaseId: turn.nextLeaseId, endsAtMs: nowMs + 30_000, nowMs, slots: turn.slots };
      return (claim.all(lease) as Row[]).sort(([a], [b]) => a - b);
    },
  );
}

function sendAll(rows: readonly Row[], baseUrl: string, slots: number): Promise<void> {
  const url = new URL(baseUrl);
  const pool = new UndiciPool(url.origin, {
    connections: slots,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const request = {
    path: `${url.pathname}/v1/projects/${project.id}/events/fanout`,
    method: 'POST' as const,
    headers: { authorization: `Bearer ${project.apiKey}`, 'content-type': 'application/json' },
  };
  let next = 0;
  let left = rows.length;
  const sent = new Promise<void>((resolve, reject) => {
    if (left === 0) return resolve();
    const sendNext = () => {
      const row = rows[next];
      if (row === undefined) return;
      next += 1;
      const onEnd = (isAccepted: boolean) => {
        if (!isAccepted) return reject(new Error('the gateway did not accept an event'));
        left -= 1;
        if (left === 0) return resolve();
        sendNext();
      };
      pool.dispatch({ ...request, body: bodyOf(row) }, new BareAnswer(onEnd, reject));
    };
    for (let slot = 0; slot < slots; slot++) sendNext();
  });
  return sent.finally(() => pool.destroy());
}

function bodyOf([, id, businessId, eventType, payload]: Row): string {
  return `{"owner_id":${JSON.stringify(businessId)},"event_type":${JSON.stringify(eventType)},"idempotency_key":${JSON.stringify(id)},"data":${payload}}`;
}

/** Reads one answer and judges it as a relayer must: 201, JSON, `status` true. */
class BareAnswer implements Dispatcher.DispatchHandler {
  readonly #onEnd: (isAccepted: boolean) => void;
  readonly #onError: (error: Error) => void;
  #status = 0;
  #type = '';
  #body = '';

  constructor(onEnd: (isAccepted: boolean) => void, onError: (error: Error) => void) {
    this.#onEnd = onEnd;
    this.#onError = onError;
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#status = status;
    this.#type = String(headers['content-type']);
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#body += chunk.toString('utf8');
  }

  onResponseEnd(): void {
    const isJson = this.#type.startsWith('application/json');
    const answer: unknown = isJson ? JSON.parse(this.#body) : null;
    const isTrue =
      typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === true;
    this.#onEnd(this.#status === 201 && isTrue);
  }

  onResponseError(_: unknown, error: Error): void {
    this.#onError(error);
  }
}
