// Starts from an image of the database as both applications would after a power cut, and says what is wrong with it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../apps/outbox/clock.ts';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { openDatabase, type SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { type SqliteStore, sqliteStore } from '../../apps/outbox/sqlite/store.ts';

export interface Image {
  /** A folder that exists only during the check. */
  readonly folder: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** Ids of the invoices whose COMMIT had returned. */
  readonly acknowledged: readonly string[];
  /** Keys that the gateway has ever accepted. */
  readonly accepted: ReadonlySet<string>;
}

export interface Finding {
  /** Acknowledged invoices that are not there, or not with their event. */
  readonly lost: readonly string[];
  /** Everything else that must not be, one line each. */
  readonly broken: readonly string[];
}

/** Opens the image and looks. Never throws for what it finds. */
export async function checkImage(image: Image): Promise<Finding> {
  mkdirSync(image.folder, { recursive: true });
  try {
    for (const [name, bytes] of image.files) writeFileSync(path.join(image.folder, name), bytes);
    return await look(path.join(image.folder, 'events.db'), image);
  } catch (error) {
    const text = error instanceof Error ? `${error.message}: ${String(error.cause ?? '')}` : String(error);
    return { lost: image.acknowledged, broken: [`cannot be opened: ${text}`] };
  } finally {
    rmSync(image.folder, { recursive: true, force: true });
  }
}

async function look(file: string, image: Image): Promise<Finding> {
  await prepareDatabase(file);
  const db = await openDatabase(file, { synchronous: 'NORMAL', busyTimeoutMs: 0, autocheckpointPages: 0 });
  try {
    const found = ids(db);
    const broken = [...integrity(db), ...atomicity(found), ...settled(db, image.accepted)];
    if (broken.length === 0) broken.push(...(await carriesOn(db, sqliteStore(db))));
    const lost = image.acknowledged.filter((id) => !found.invoices.has(id) || !found.events.has(id));
    return { lost, broken };
  } finally {
    db.close();
  }
}

interface Ids {
  readonly invoices: ReadonlySet<string>;
  /** The invoice ids that the events are about. */
  readonly events: ReadonlySet<string>;
}

function ids(db: SqliteConnection): Ids {
  const column = (sql: string) => new Set(db.prepare(sql).pluck().all().map(String));
  return {
    invoices: column('SELECT id FROM invoices'),
    events: column(`SELECT json_extract(payload, '$.data.id') FROM events`),
  };
}

function integrity(db: SqliteConnection): string[] {
  const answer = db.pragma('integrity_check', { simple: true });
  return answer === 'ok' ? [] : [`integrity_check: ${String(answer)}`];
}

function atomicity({ invoices, events }: Ids): string[] {
  return [
    ...[...invoices].filter((id) => !events.has(id)).map((id) => `invoice ${id} without its event`),
    ...[...events].filter((id) => !invoices.has(id)).map((id) => `event without its invoice ${id}`),
  ];
}

function settled(db: SqliteConnection, accepted: ReadonlySet<string>): string[] {
  const rows = db.prepare(`SELECT id || key_suffix FROM events WHERE status = 'processed'`).pluck().all();
  return rows
    .map(String)
    .filter((key) => !accepted.has(key))
    .map((key) => `processed, but never accepted: ${key}`);
}

const leaseId = '00-after-the-cut-1';

/** A relayer that starts now takes over, claims and settles; a writer adds an invoice and its event. */
async function carriesOn(db: SqliteConnection, store: SqliteStore): Promise<string[]> {
  const nowMs = systemClock.nowMs() + 3_600_000;
  await store.takeOver({ slot: '00', nowMs });
  addInvoice(db);
  const before = await store.counts();
  const claim = { slots: 1_000, leaseId, leaseEndsAtMs: nowMs + 30_000, dueByMs: nowMs, exceptSeqs: [] };
  const { claimed } = await store.turn({ settlements: [], claim, nowMs });
  if (before.leased > 0) return [`${before.leased} leases survived the takeover`];
  if (claimed.length !== before.pending)
    return [`${claimed.length} of ${before.pending} events were claimed`];
  const settlements = claimed.map(({ seq }) => ({ kind: 'processed', seq, leaseId, gateway: 'g' }) as const);
  const { lost } = await store.turn({ settlements, claim: null, nowMs });
  const after = await store.counts();
  const isDone = lost.length === 0 && after.pending === 0;
  return isDone ? [] : [`${lost.length} settlements lost, ${after.pending} events pending`];
}

function addInvoice(db: SqliteConnection): void {
  db.transaction(() => {
    db.exec(`
      INSERT INTO invoices (id, business_id, amount, currency, status, description)
      VALUES ('after-the-cut', 'acme', 1, 'EUR', 'sent', '');
      INSERT INTO events (business_id, event_type, payload) VALUES ('acme', 'invoice.created', '{"n":1}');`);
  }).immediate();
}
