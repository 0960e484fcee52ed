// Makes a database with a random name, or takes a random prefix, and removes everything in it at the end of whoever started it, however
// that comes. It touches nothing that it has not made.
import { randomBytes } from 'node:crypto';
import { killAll } from '../../chaos/heal.ts';
import { load } from './installed.ts';
import type { KeeperAnswer, KeeperTask, Kept } from './keeper-link.ts';
import type { Pg } from './postgres.ts';
import { shownUrl } from './server-address.ts';

interface RedisModule {
  readonly Redis: new (
    url: string,
    options: object,
  ) => {
    connect(): Promise<void>;
    scanStream(options: { match: string; count: number }): AsyncIterable<readonly string[]>;
    unlink(...keys: string[]): Promise<number>;
    disconnect(): void;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}

let remove: (() => Promise<void>) | null = null;

process.on('SIGINT', () => {});
process.on('message', async (task: KeeperTask) => {
  const keeping = keep(task);
  process.once('disconnect', async () => {
    // Somebody who still works there would bring it back, or hold it; and what is still being made would be there afterwards.
    await killAll(task.folder);
    await keeping;
    await remove?.();
    process.exit();
  });
  tell({ id: task.id, value: await keeping });
});
tell({ id: 0, value: null });

async function keep(task: KeeperTask): Promise<Kept> {
  const name = `outbox_bench_${randomBytes(6).toString('hex')}`;
  try {
    return task.server === 'Redis' ? await keepPrefix(task, name) : await keepDatabase(task, name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { refused: `${task.server} at ${shownUrl(task.url)}: ${why}` };
  }
}

async function keepDatabase({ modules, url }: KeeperTask, name: string): Promise<Kept> {
  const { default: pg } = await load<{ readonly default: Pg }>(modules, 'pg');
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await run(`CREATE DATABASE ${name}`);
  remove = () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  const database = new URL(url);
  database.pathname = `/${name}`;
  return { database: database.href, prefix: '' };
}

async function keepPrefix({ modules, url }: KeeperTask, name: string): Promise<Kept> {
  const { Redis } = await load<RedisModule>(modules, 'ioredis');
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  await redis.connect();
  remove = async () => {
    for await (const keys of redis.scanStream({ match: `${name}:*`, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
    redis.disconnect();
  };
  return { database: url, prefix: name };
}

function tell(answer: KeeperAnswer): void {
  // Whoever started it may be gone, which 'disconnect' deals with.
  process.send?.(answer, () => {});
}
