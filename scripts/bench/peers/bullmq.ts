// BullMQ: jobs in Redis. Adding one is not part of any transaction of the application's database, which is what an outbox is about; it is here
// because it is what many would take instead.
import { load } from './installed.ts';
import { type Peer, type PeerEvent, type PeerStore, type Place, tunedConcurrency } from './peer.ts';

interface Connection {
  info(section: string): Promise<string>;
  config(verb: 'GET', name: string): Promise<readonly string[]>;
}

interface Job {
  readonly data: PeerEvent;
}

interface Queue {
  add(name: string, data: PeerEvent, options: { jobId: string }): Promise<unknown>;
  addBulk(jobs: readonly { name: string; data: PeerEvent; opts: { jobId: string } }[]): Promise<unknown>;
  obliterate(options: { force: boolean }): Promise<void>;
  getJobCounts(...states: string[]): Promise<Readonly<Record<string, number>>>;
  getActive(): Promise<readonly (Job | undefined)[]>;
}

interface Bullmq {
  readonly Queue: new (name: string, options: object) => Queue;
  readonly Worker: new (
    name: string,
    work: (job: Job) => Promise<void>,
    options: object,
  ) => {
    on(event: 'error', listener: (error: unknown) => void): void;
    waitUntilReady(): Promise<unknown>;
  };
}

interface Ioredis {
  readonly Redis: new (url: string, options: object) => Connection;
}

const name = 'webhook';
const waitingStates = ['waiting', 'delayed', 'prioritized', 'paused', 'failed'];

export const peer: Peer = {
  async openStore(place): Promise<PeerStore> {
    const { bullmq, connection } = await connect(place);
    const queue = new bullmq.Queue(name, { connection, prefix: place.prefix });
    return {
      async fill(events) {
        await queue.obliterate({ force: true });
        if (events.length === 0) return;
        await queue.addBulk(events.map((data) => ({ name, data, opts: { jobId: data.idempotency_key } })));
      },
      add: async (event) => {
        await queue.add(name, event, { jobId: event.idempotency_key });
      },
      async left() {
        const counts = await queue.getJobCounts(...waitingStates, 'active');
        const waiting = waitingStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
        return { waiting, claimed: counts.active ?? 0 };
      },
      claimedKeys: async () =>
        (await queue.getActive()).flatMap((job) => (job === undefined ? [] : [job.data.idempotency_key])),
      serverCpuMs: async () => cpuMsOf(await connection.info('cpu')),
      async about() {
        const version = /redis_version:(\S+)/.exec(await connection.info('server'))?.[1];
        const [, appendonly] = await connection.config('GET', 'appendonly');
        return `Redis ${version}, appendonly=${appendonly}`;
      },
    };
  },

  async startWorker(place, variant, post) {
    const { bullmq, connection } = await connect(place);
    const tuned = { concurrency: tunedConcurrency, removeOnComplete: { count: 0 } };
    const worker = new bullmq.Worker(name, ({ data }) => post(JSON.stringify(data)), {
      connection,
      prefix: place.prefix,
      ...(variant === 'tuned' ? tuned : {}),
    });
    worker.on('error', (error) => console.error(error));
    await worker.waitUntilReady();
  },
};

async function connect({ modules, database }: Place) {
  const bullmq = await load<Bullmq>(modules, 'bullmq');
  const { Redis } = await load<Ioredis>(modules, 'ioredis');
  return { bullmq, connection: new Redis(database, { maxRetriesPerRequest: null }) };
}

/** Redis tells its own: of its main thread and its others, and of children that have ended. */
function cpuMsOf(info: string): number {
  const seconds = ['used_cpu_sys', 'used_cpu_user', 'used_cpu_sys_children', 'used_cpu_user_children'].map(
    (field) => Number(new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? 0),
  );
  return seconds.reduce((sum, one) => sum + one, 0) * 1_000;
}
