// This project's relayer among the peers: the built application with its defaults, on a database of the benchmark's stock, and the
// benchmark's writer as its application.
import type { Bench } from '../bench.ts';
import { startRelayer } from '../relayer-process.ts';
import type { Stock } from '../stock.ts';
import { startWriter, type WriterLink } from '../writer-link.ts';
import type { Contestant } from './contestant.ts';

/** On the engine of the given stock. */
export function createOurs(
  { ground, relayer }: Pick<Bench, 'ground' | 'relayer'>,
  { name, label, stock }: Pick<Contestant, 'name' | 'label'> & { readonly stock: Stock },
): Contestant {
  let database = '';
  let writer: WriterLink | null = null;
  const drop = async () => {
    await writer?.end();
    writer = null;
    if (database !== '') await stock.drop(database);
    database = '';
  };
  return {
    name,
    label,
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
    left: () => stock.leftIn(database),
    claimedKeys: () => stock.claimedKeys(database),
    serverCpuMs: () => stock.serverCpuMs(),
    end: drop,
  };
}
