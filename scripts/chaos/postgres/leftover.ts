// Drops the database that a run made on a server which is not its own: by the run itself, or by its warden when the run was killed.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connectPostgres } from '../../../apps/outbox/postgres/connection.ts';
import { chaosName } from './facts.ts';

/** In the folder of a run: what it has to drop. */
export const dropFile = 'drop.json';

interface Leftover {
  readonly serverUrl: string;
  readonly name: string;
}

/** Ends whoever is still connected to it, too. */
export async function dropDatabase({ serverUrl, name }: Leftover): Promise<void> {
  const server = connectPostgres({
    ...{ url: serverUrl, synchronousCommit: 'on', applicationName: chaosName, isPooled: true },
  });
  await server.run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).finally(() => server.close());
}

/** Drops what the run of that folder made, if it made any. */
export async function dropLeftover(folder: string): Promise<void> {
  const file = path.join(folder, dropFile);
  if (existsSync(file)) await dropDatabase(JSON.parse(readFileSync(file, 'utf8')) as Leftover);
}
