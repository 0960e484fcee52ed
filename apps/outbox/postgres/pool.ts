// The connections of a pool, such that a network that forgets them cannot keep anybody waiting: when one has fallen silent its neighbours
// are given up with it, and an end that nobody confirms is an end all the same. It knows nothing of statements.
import pg from 'pg';
import { atMost, longestEndMs } from './at-most.ts';

export interface RenewablePool {
  /** The pool to ask now. */
  current(): pg.Pool;
  /** Something asked of this pool was not answered: from now on others are opened, those it has are ended. */
  giveUp(silent: pg.Pool): void;
  /** Ends every connection, once those that are busy have finished, or after a few seconds. */
  close(): Promise<void>;
}

/** Opens nothing by itself. */
export function renewablePool(config: pg.PoolConfig): RenewablePool {
  const open = new Set<pg.PoolClient>();
  const make = () => {
    const pool = new pg.Pool({
      ...config,
      keepAlive: true,
      // Then a probe each second, ten of them: whoever waits for nothing knows after 14 s that its host is gone.
      keepAliveInitialDelayMillis: 4_000,
    });
    // A connection that breaks while nobody uses it: the next one to ask gets a new one.
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      open.add(client);
      // In a transaction nobody else listens: one that is lost between two statements would end the process.
      client.on('error', () => {});
    });
    pool.on('remove', (client) => void open.delete(client));
    return pool;
  };
  let pool = make();
  return {
    current: () => pool,
    giveUp(silent) {
      if (silent !== pool || silent.ending) return;
      pool = make();
      // The others, too: to find out one by one would take a deadline each.
      const neighbours = [...open];
      void ended(silent, neighbours);
    },
    close: () => ended(pool, open),
  };
}

/** A polite goodbye first. It waits for the other side: on a silent line without end. */
async function ended(pool: pg.Pool, clients: Iterable<pg.PoolClient>): Promise<void> {
  if (await atMost(longestEndMs, pool.end())) return;
  for (const client of clients) client.connection.stream.destroy();
}
