// The doctor on PostgreSQL: in which order the server, the tables and those who use them are looked at. Each check stands for itself: what one
// may not see, or fails at, is said, and the others go on.
import { errorText } from '../../../apps/outbox/log.ts';
import { postgresAddress } from '../../../apps/outbox/postgres/address.ts';
import { connectPostgres } from '../../../apps/outbox/postgres/connection.ts';
import { describePostgresError } from '../../../apps/outbox/postgres/refusal.ts';
import { readServerFacts, refuseServer } from '../../../apps/outbox/postgres/server-facts.ts';
import type { OpenOutbox, OpenServer } from '../open-outbox.ts';
import { checkSchema } from './database-checks.ts';
import { type Finding, ok, unknown } from './finding.ts';
import type { RelayerProcess } from './process-checks.ts';
import {
  checkConnections,
  checkDisk,
  checkPooler,
  checkServerClock,
  checkTransactions,
} from './server-checks.ts';
import { checkServerRelayers, checkServerWriters } from './server-process-checks.ts';
import { checkServerClaim, checkServerIndexes, checkWake } from './table-checks.ts';
import { checkRights, checkVacuum } from './table-state-checks.ts';
import { unusable } from './unusable.ts';

/** What can be said before the tables are known to be there; the last one is the schema's, or what keeps from it. */
export async function examineUnopened(url: string, table: string): Promise<readonly Finding[]> {
  const server = await checkServer(url);
  return server.level === 'wrong' ? [server] : [server, await checkSchema(url, table)];
}

async function checkServer(url: string): Promise<Finding> {
  let close = async () => {};
  try {
    const address = postgresAddress(url);
    const connection = connectPostgres({
      ...{ url: address.url, synchronousCommit: 'on', applicationName: 'outbox command' },
      ...{ connections: 1, isPooled: true },
    });
    close = () => connection.close();
    const facts = await readServerFacts(connection).catch((error: unknown) => {
      throw describePostgresError(address, error);
    });
    refuseServer(address, facts, { onlyReads: true });
    return ok('server', `PostgreSQL ${facts.version}, ${address.shown}, a primary`);
  } catch (error) {
    return unusable('server', error, 'postgres');
  } finally {
    await close();
  }
}

/** Everything that needs the tables, but for PM2 and Convoy. */
export async function examineServer(
  outbox: OpenOutbox,
  server: OpenServer,
  relayers: readonly RelayerProcess[],
): Promise<readonly Finding[]> {
  const { connection } = server;
  const { table } = outbox;
  const checks: readonly (readonly [string, () => Promise<Finding | readonly Finding[]>])[] = [
    ['rights', () => checkRights(connection, table)],
    ['disk', () => checkDisk(connection)],
    ['pooler', async () => checkPooler(server)],
    ['indexes', () => checkServerIndexes(connection, table)],
    ['claim', () => checkServerClaim(connection, table)],
    ['wake', () => checkWake(connection, table)],
    ['vacuum', () => checkVacuum(connection, table)],
    ['transactions', () => checkTransactions(connection)],
    ['connections', () => checkConnections(connection)],
    ['clock', async () => checkServerClock(server.clockOffsetMs)],
    ['relayers', () => checkServerRelayers(outbox, relayers)],
    ['writers', () => checkServerWriters(connection)],
  ];
  const findings: Finding[] = [];
  for (const [check, look] of checks) {
    try {
      findings.push(...[await look()].flat());
    } catch (error) {
      findings.push(unknown(check, `cannot be told: ${errorText(error)}`, 'look as the owner of the tables'));
    }
  }
  return findings;
}
