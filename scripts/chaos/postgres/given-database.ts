// A run on a PostgreSQL server that is there, in a database of its own under a random name. Of that server it ends only connections to
// this database, and in the end it drops it.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { postgresAddress } from '../../../apps/outbox/postgres/address.ts';
import { connectPostgres, type PostgresConnection } from '../../../apps/outbox/postgres/connection.ts';
import type { ChaosDatabase } from '../chaos-database.ts';
import { ChaosError } from '../chaos-error.ts';
import { arenaFiles } from '../evidence.ts';
import { chaosName, openPostgresFacts, patiently } from './facts.ts';
import { dropDatabase, dropFile } from './leftover.ts';
import { sessionTroubles } from './session-troubles.ts';
import { tablesText } from './tables.ts';

/** Throws ERR_CHAOS_COULD_NOT_RUN when no database can be created there. */
export async function givenDatabase(serverUrl: string): Promise<ChaosDatabase> {
  const name = `outbox_chaos_${randomBytes(6).toString('hex')}`;
  const url = urlOf(serverUrl, name);
  const { shown } = postgresAddress(serverUrl);
  const connection = connectPostgres({
    ...{ url, synchronousCommit: 'on', applicationName: chaosName, connections: 2 },
  });
  let isCreated = false;
  return {
    engine: 'postgres',
    notice: `the server ${shown}, in the database ${name}: only its own connections are ended, never that server`,
    url: () => url,
    async begin(arena) {
      // Should this process be killed, its warden finds here what to drop.
      writeFileSync(arena.file(dropFile), JSON.stringify({ serverUrl, name }), { mode: 0o600 });
      await create(serverUrl, name);
      isCreated = true;
    },
    facts: async (_arena, onReport) => openPostgresFacts(url, onReport),
    troubles: sessionTroubles(connection),
    pids: () => [],
    async leaveEvidence(arena) {
      writeFileSync(arena.file(arenaFiles.tables), await patiently(() => tablesText(connection)));
    },
    async end() {
      await connection.close();
      if (isCreated) await dropDatabase({ serverUrl, name });
    },
  };
}

function urlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function create(serverUrl: string, name: string): Promise<void> {
  const server: PostgresConnection = connectPostgres({
    ...{ url: serverUrl, synchronousCommit: 'on', applicationName: chaosName, isPooled: true },
  });
  try {
    await server.run(`CREATE DATABASE ${name}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ChaosError(
      'ERR_CHAOS_COULD_NOT_RUN',
      `no database can be created on ${postgresAddress(serverUrl).shown} (${reason}): check the URL, and give its user the right CREATEDB`,
      { cause: error },
    );
  } finally {
    await server.close();
  }
}
