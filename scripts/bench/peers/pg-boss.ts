// pg-boss: jobs in PostgreSQL, one every two seconds unless told otherwise. Tuned with everything its documentation offers: batches, several
// pollers, bursts while batches are full, LISTEN/NOTIFY, and a heartbeat, so that a dead worker is noticed within a minute or two.
import { load } from './installed.ts';
import { type Peer, type PeerEvent, type PeerStore, tunedConcurrency } from './peer.ts';
import { openPostgres } from './postgres.ts';

interface Job {
  readonly data: PeerEvent;
}

interface Boss {
  on(event: 'error', listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string, options?: object): Promise<void>;
  send(name: string, data: PeerEvent): Promise<unknown>;
  insert(name: string, jobs: readonly Job[]): Promise<unknown>;
  work(name: string, options: object, work: (jobs: readonly Job[]) => Promise<void>): Promise<string>;
  stop(options: object): Promise<void>;
}

interface PgBossModule {
  readonly PgBoss: new (options: object) => Boss;
}

const queue = 'webhook';
const pollers = 4;
/** The application leaves maintenance to the worker. */
const onlyAdds = { supervise: false, schedule: false, registerInstance: false };

export const peer: Peer = {
  async openStore(place, variant): Promise<PeerStore> {
    const module = await load<PgBossModule>(place.modules, 'pg-boss');
    const postgres = await openPostgres(place);
    const { rows } = postgres;
    let boss: Boss | null = null;
    const running = () => {
      if (boss === null) throw new Error('to be filled first');
      return boss;
    };
    return {
      ...postgres,
      async fill(events) {
        await boss?.stop({ graceful: false });
        await rows('DROP SCHEMA IF EXISTS pgboss CASCADE');
        boss = start(module, { connectionString: place.database, ...onlyAdds });
        await boss.start();
        await boss.createQueue(queue, variant === 'tuned' ? { notify: true, heartbeatSeconds: 30 } : {});
        if (events.length > 0)
          await boss.insert(
            queue,
            events.map((data) => ({ data })),
          );
        await rows('VACUUM ANALYZE');
      },
      add: async (event) => {
        await running().send(queue, event);
      },
      async left() {
        const [left] = await rows(
          `SELECT count(*) FILTER (WHERE state < 'active') AS waiting, count(*) FILTER (WHERE state = 'active') AS claimed
             FROM pgboss.job WHERE name = '${queue}' AND state <= 'active'`,
        );
        return { waiting: Number(left?.waiting), claimed: Number(left?.claimed) };
      },
      claimedKeys: async () =>
        (
          await rows(
            `SELECT data ->> 'idempotency_key' AS key FROM pgboss.job WHERE name = '${queue}' AND state = 'active'`,
          )
        ).map(({ key }) => String(key)),
    };
  },

  async startWorker(place, variant, post) {
    const options = { connectionString: place.database, useListenNotify: variant === 'tuned' };
    const boss = start(await load<PgBossModule>(place.modules, 'pg-boss'), options);
    await boss.start();
    if (variant === 'default') {
      await boss.work(queue, {}, async ([job]) => post(JSON.stringify(job?.data)));
      return;
    }
    const tuned = { localConcurrency: pollers, batchSize: 100, burstWhenBatchFull: true };
    await boss.work(queue, tuned, (jobs) => inParallel(jobs, post));
  },
};

function start({ PgBoss }: PgBossModule, options: object): Boss {
  const boss = new PgBoss(options);
  boss.on('error', (error) => console.error(error));
  return boss;
}

/** All of a batch, the pollers together with as many in flight as every tuned peer has. */
async function inParallel(jobs: readonly Job[], post: (body: string) => Promise<void>): Promise<void> {
  const left = jobs.values();
  const lane = async () => {
    for (const { data } of left) await post(JSON.stringify(data));
  };
  await Promise.all(Array.from({ length: tunedConcurrency / pollers }, lane));
}
