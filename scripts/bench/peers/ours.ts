// This project's relayer among the peers: the built application with its defaults, on a database of the benchmark's stock, and the
// benchmark's writer as its application.
import Database from 'better-sqlite3';
import type { Bench } from '../bench.ts';
import { startRelayer } from '../relayer-process.ts';
import { startWriter, type WriterLink } from '../writer-link.ts';
import type { Contestant } from './contestant.ts';

export function createOurs({ ground, stock, relayer }: Bench): Contestant {
  let database = '';
  let writer: WriterLink | null = null;
  const drop = async () => {
    await writer?.end();
    writer = null;
    if (database !== '') stock.drop(database);
    database = '';
  };
  const rows = (sql: string) => {
    const db = new Database(database, { readonly: true, timeout: 5_000 });
    try {
      return db.prepare(sql).pluck().all();
    } finally {
      db.close();
    }
  };
  const count = (where: string) =>
    Number(rows(`SELECT count(*) FROM events WHERE status = 'pending' AND ${where}`)[0]);
  return {
    name: 'ours',
    label: 'ours',
    async fill(events) {
      await drop();
      database = await stock.take(events);
    },
    startWorker() {
      const { pid, spawnedMs, ready, failed, kill } = startRelayer(ground, { ...relayer, database });
      return { pid, spawnedMs, ready, failed, kill };
    },
    async trickle(events, everyMs) {
      writer ??= await startWriter({
        database,
        environment: ground.environment,
        logFile: ground.file('writer.log'),
      });
      const commits = await writer.trickle(events, everyMs);
      return commits.map(({ keys: [key = ''], committedMs }) => ({ key, committedMs }));
    },
    left: async () => ({ waiting: count('lease_id IS NULL'), claimed: count('lease_id IS NOT NULL') }),
    claimedKeys: async () =>
      rows(
        `SELECT id || key_suffix FROM events WHERE status = 'pending' AND lease_id IS NOT NULL`,
      ) as string[],
    // Its database is part of its own process.
    serverCpuMs: async () => null,
    end: drop,
  };
}
