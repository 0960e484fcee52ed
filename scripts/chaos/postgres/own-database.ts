// A run on a PostgreSQL server of its own, in the run's folder: everything may be done to it, its own sudden death included. The
// applications reach it through a proxy of the run's, which can cut and freeze their connections; what the run itself asks does not.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connectPostgres } from '../../../apps/outbox/postgres/connection.ts';
import { freePort } from '../arena.ts';
import type { ChaosDatabase } from '../chaos-database.ts';
import { ChaosError } from '../chaos-error.ts';
import { arenaFiles } from '../evidence.ts';
import { findBinaries } from './binaries.ts';
import { chaosName, openPostgresFacts, patiently } from './facts.ts';
import { networkTroubles } from './network-troubles.ts';
import { OwnServer } from './own-server.ts';
import { DatabaseProxy } from './proxy.ts';
import { serverTroubles } from './server-troubles.ts';
import { sessionTroubles } from './session-troubles.ts';
import { tablesText } from './tables.ts';

const user = 'outbox';

/** Throws ERR_CHAOS_COULD_NOT_RUN when there is no PostgreSQL on this machine. */
export async function ownDatabase(): Promise<ChaosDatabase> {
  const binaries = findBinaries();
  if (binaries === null) {
    throw new ChaosError(
      'ERR_CHAOS_COULD_NOT_RUN',
      'no PostgreSQL server is installed here (looked for initdb and postgres in pg_config --bindir, PATH and /usr/lib/postgresql): install one, or name one that runs with --database postgres://...',
    );
  }
  const password = randomBytes(18).toString('hex');
  const port = await freePort();
  const urlAt = (at: number, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${at}/${database}`;
  const server = new OwnServer({ binaries, port, user, password });
  const proxyPort = await freePort();
  const proxy = new DatabaseProxy({ port: proxyPort, serverPort: port });
  const direct = urlAt(port, 'outbox');
  const connection = connectPostgres({
    ...{ url: direct, synchronousCommit: 'on', applicationName: chaosName, connections: 2 },
  });
  return {
    engine: 'postgres',
    notice: `a PostgreSQL server of its own, from ${binaries}`,
    url: () => urlAt(proxyPort, 'outbox'),
    async begin(arena) {
      await proxy.listen();
      server.create(arena.file('postgres'));
      await server.start();
      const first = connectPostgres({
        ...{ url: urlAt(port, 'postgres'), synchronousCommit: 'on', applicationName: chaosName },
        isPooled: true,
      });
      await first.run('CREATE DATABASE outbox').finally(() => first.close());
    },
    facts: async (_arena, onReport) => openPostgresFacts(direct, onReport),
    troubles: [
      ...sessionTroubles(connection),
      ...serverTroubles(server, connection),
      ...networkTroubles(proxy),
    ],
    pids: () => (server.pid === null ? [] : [server.pid]),
    async leaveEvidence(arena) {
      writeFileSync(arena.file(arenaFiles.tables), await patiently(() => tablesText(connection)));
    },
    async end() {
      proxy.close();
      await connection.close();
    },
  };
}
