// graphile-worker: jobs in PostgreSQL, announced by NOTIFY. Set up as the quickstart of its library mode does it; tuned by its own page about
// performance: batches are fetched ahead, and completed together.
import { load } from './installed.ts';
import { type Peer, type PeerEvent, type PeerStore, type Place, tunedConcurrency } from './peer.ts';
import { openPostgres } from './postgres.ts';

interface Graphile {
  runMigrations(options: { connectionString: string }): Promise<void>;
  run(options: {
    connectionString?: string;
    concurrency?: number;
    noHandleSignals?: boolean;
    pollInterval?: number;
    taskList: Readonly<Record<string, (payload: unknown) => Promise<void>>>;
    preset?: unknown;
  }): Promise<{ readonly promise: Promise<void> }>;
}

const task = 'webhook';

export const peer: Peer = {
  async openStore(place): Promise<PeerStore> {
    const { runMigrations } = await load<Graphile>(place.modules, 'graphile-worker');
    const postgres = await openPostgres(place);
    const { rows } = postgres;
    const addAll = (events: readonly PeerEvent[]) =>
      rows(
        `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
           SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object('identifier', $1::text, 'payload', event))
             FROM json_array_elements($2::json) AS event))`,
        [task, JSON.stringify(events)],
      );
    return {
      ...postgres,
      async fill(events) {
        await rows('DROP SCHEMA IF EXISTS graphile_worker CASCADE');
        await runMigrations({ connectionString: place.database });
        await addAll(events);
        await rows('VACUUM ANALYZE');
      },
      add: async (event) => {
        await rows('SELECT id FROM graphile_worker.add_job($1, $2::json)', [task, JSON.stringify(event)]);
      },
      async left() {
        const [left] = await rows(
          `SELECT count(*) FILTER (WHERE locked_at IS NULL) AS waiting, count(locked_at) AS claimed
             FROM graphile_worker._private_jobs`,
        );
        return { waiting: Number(left?.waiting), claimed: Number(left?.claimed) };
      },
      claimedKeys: async () =>
        (
          await rows(
            `SELECT payload ->> 'idempotency_key' AS key FROM graphile_worker._private_jobs WHERE locked_at IS NOT NULL`,
          )
        ).map(({ key }) => String(key)),
    };
  },

  async startWorker(place, variant, post) {
    // Each success is a line otherwise; its own benchmark sets it too.
    if (variant === 'tuned') process.env.NO_LOG_SUCCESS = '1';
    const { run } = await load<Graphile>(place.modules, 'graphile-worker');
    const taskList = { [task]: (payload: unknown) => post(JSON.stringify(payload)) };
    const { promise } = await run({ taskList, ...(variant === 'tuned' ? tuned(place) : quickstart(place)) });
    promise.catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  },
};

function quickstart({ database }: Place) {
  return { connectionString: database, concurrency: 5, noHandleSignals: false, pollInterval: 1_000 };
}

function tuned({ database }: Place) {
  return {
    preset: {
      worker: {
        connectionString: database,
        concurrentJobs: tunedConcurrency,
        maxPoolSize: 10,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  };
}
