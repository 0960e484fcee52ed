// plainjob: jobs in SQLite, one worker at a time, found by polling. Its README sets it up with one worker; its own benchmark and
// several workers in one process is how it is made faster.
import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { load } from './installed.ts';
import { type Peer, type PeerStore, type Place, tunedConcurrency } from './peer.ts';

interface Queue {
  add(type: string, data: unknown): unknown;
  addMany(type: string, data: readonly unknown[]): unknown;
  close(): void;
}

interface Plainjob {
  better(database: Database.Database): unknown;
  defineQueue(options: { connection: unknown; logger?: unknown }): Queue;
  defineWorker(
    type: string,
    work: (job: { readonly data: string }) => Promise<void>,
    options: { queue: Queue; logger?: unknown; pollIntervall?: number },
  ): { start(): Promise<void> };
}

const type = 'webhook';
const quiet = { error: console.error, warn: console.warn, info() {}, debug() {} };
/** Each of 64 workers looks so often; they do not take turns. */
const tunedPollMs = 10;
/** Its JobStatus. */
const [pending, processing] = [0, 1];

export const peer: Peer = {
  async openStore(place): Promise<PeerStore> {
    const plainjob = await load<Plainjob>(place.modules, 'plainjob');
    let { db, queue } = open(plainjob, place);
    const count = (status: number) =>
      Number(db.prepare('SELECT count(*) FROM plainjob_jobs WHERE status = ?').pluck().get(status));
    return {
      async fill(events) {
        queue.close();
        for (const end of ['', '-wal', '-shm']) rmSync(`${place.database}${end}`, { force: true });
        ({ db, queue } = open(plainjob, place));
        if (events.length > 0) queue.addMany(type, events);
      },
      async add(event) {
        queue.add(type, event);
      },
      left: async () => ({ waiting: count(pending), claimed: count(processing) }),
      claimedKeys: async () =>
        db
          .prepare(`SELECT data ->> '$.idempotency_key' FROM plainjob_jobs WHERE status = ?`)
          .pluck()
          .all(processing) as string[],
      serverCpuMs: async () => null,
      about: async () =>
        `SQLite ${db.prepare('SELECT sqlite_version()').pluck().get()}, synchronous=${db.pragma('synchronous', { simple: true })}`,
    };
  },

  async startWorker(place, variant, post) {
    const plainjob = await load<Plainjob>(place.modules, 'plainjob');
    const isTuned = variant === 'tuned';
    const { queue } = open(plainjob, place, isTuned);
    const options = isTuned ? { queue, logger: quiet, pollIntervall: tunedPollMs } : { queue };
    for (let worker = 0; worker < (isTuned ? tunedConcurrency : 1); worker++) {
      // The job's text is the request's body.
      plainjob.defineWorker(type, ({ data }) => post(data), options).start();
    }
  },
};

function open({ better, defineQueue }: Plainjob, { database }: Place, isQuiet = true) {
  const db = new Database(database);
  const connection = better(db);
  return { db, queue: defineQueue(isQuiet ? { connection, logger: quiet } : { connection }) };
}
