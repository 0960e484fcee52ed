// outbox-event-bus with its adapter for SQLite: batches by polling, delivered one after the other. Its guide makes it faster by larger batches
// and a shorter interval; several buses in one process deliver side by side.
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { load } from './installed.ts';
import { type Peer, type PeerEvent, type PeerStore, type Place, tunedConcurrency } from './peer.ts';

interface BusEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: PeerEvent;
}

interface Bus {
  on(type: string, work: (event: BusEvent) => Promise<void>): void;
  emit(event: BusEvent): Promise<void>;
  emitMany(events: readonly BusEvent[]): Promise<void>;
  start(): void;
}

interface Core {
  readonly OutboxEventBus: new (outbox: unknown, onError: (error: unknown) => void) => Bus;
}

interface Adapter {
  readonly SqliteBetterSqlite3Outbox: new (options: {
    readonly db: Database.Database;
    readonly batchSize?: number;
    readonly pollIntervalMs?: number;
  }) => unknown;
}

const tuned = { batchSize: 50, pollIntervalMs: 10 } as const;

export const peer: Peer = {
  async openStore(place): Promise<PeerStore> {
    const bus = await busMaker(place);
    let db = open(place);
    let outbox = bus(db);
    const count = (where: string) =>
      Number(db.prepare(`SELECT count(*) FROM outbox_events WHERE ${where}`).pluck().get());
    return {
      async fill(events) {
        db.close();
        for (const end of ['', '-wal', '-shm']) rmSync(`${place.database}${end}`, { force: true });
        db = open(place);
        outbox = bus(db);
        await outbox.emitMany(events.map(busEventOf));
      },
      add: (event) => outbox.emit(busEventOf(event)),
      // A failed one waits for its next try.
      left: async () => ({ waiting: count(`status <> 'active'`), claimed: count(`status = 'active'`) }),
      claimedKeys: async () =>
        db.prepare(`SELECT id FROM outbox_events WHERE status = 'active'`).pluck().all() as string[],
      serverCpuMs: async () => null,
      about: async () =>
        `SQLite ${db.prepare('SELECT sqlite_version()').pluck().get()}, synchronous=${db.pragma('synchronous', { simple: true })}`,
    };
  },

  async startWorker(place, variant, post) {
    const bus = await busMaker(place);
    const db = open(place);
    for (let number = 0; number < (variant === 'tuned' ? tunedConcurrency : 1); number++) {
      const one = bus(db, variant === 'tuned' ? tuned : {});
      one.on('invoice.created', ({ payload }) => post(JSON.stringify(payload)));
      one.start();
    }
  },
};

async function busMaker({ modules }: Place) {
  const { OutboxEventBus } = await load<Core>(modules, 'outbox-event-bus');
  const { SqliteBetterSqlite3Outbox } = await load<Adapter>(
    modules,
    '@outbox-event-bus/sqlite-better-sqlite3-outbox',
  );
  return (db: Database.Database, options: Partial<typeof tuned> = {}) =>
    new OutboxEventBus(new SqliteBetterSqlite3Outbox({ db, ...options }), console.error);
}

/** With a connection of this project's better-sqlite3, as its documentation allows; then WAL is the caller's business. */
function open({ database }: Place): Database.Database {
  const db = new Database(database);
  db.pragma('journal_mode = WAL');
  return db;
}

function busEventOf(event: PeerEvent): BusEvent {
  return { id: event.idempotency_key, type: event.event_type, payload: event };
}
