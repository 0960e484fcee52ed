// A PostgreSQL server of the benchmark's own, in the run's folder, as it comes out of the box but for its place: where something depends on
// how a server is set, such as autovacuum, that of the machine would answer for its administrator.
import { randomBytes } from 'node:crypto';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { freePort } from '../chaos/arena.ts';
import { ChaosError } from '../chaos/chaos-error.ts';
import { findBinaries } from '../chaos/postgres/binaries.ts';
import { OwnServer } from '../chaos/postgres/own-server.ts';
import { BenchError } from './bench-error.ts';
import type { Ground } from './ground.ts';

export interface OwnPostgres {
  /** Of an empty database. */
  readonly url: string;
  /** Resolves when it has ended. */
  end(): Promise<void>;
}

/** PostgreSQL's default; chaos takes less. */
const settings = { shared_buffers: '128MB' } as const;

/** Throws ERR_BENCH_COULD_NOT_RUN when there is no PostgreSQL on this machine, or it does not start. */
export async function startOwnPostgres(ground: Ground): Promise<OwnPostgres> {
  const binaries = findBinaries();
  if (binaries === null) {
    throw new BenchError(
      'ERR_BENCH_COULD_NOT_RUN',
      'no PostgreSQL server is installed here (looked for initdb and postgres in pg_config --bindir, PATH and /usr/lib/postgresql): install one, or leave bloat out',
    );
  }
  const [user, password, port] = ['outbox', randomBytes(18).toString('hex'), await freePort()];
  const server = new OwnServer({ binaries, port, user, password, settings });
  const urlOf = (database: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  try {
    server.create(ground.file('postgres'));
    await server.start();
    const first = connectPostgres({
      ...{ url: urlOf('postgres'), synchronousCommit: 'on', applicationName: 'outbox-bench', isPooled: true },
    });
    await first.run('CREATE DATABASE outbox').finally(() => first.close());
  } catch (error) {
    if (!(error instanceof ChaosError)) throw error;
    throw new BenchError('ERR_BENCH_COULD_NOT_RUN', error.message, { cause: error });
  }
  return { url: urlOf('outbox'), end: () => server.endBy('SIGINT') };
}
