// Opens the outbox on a PostgreSQL server for one command and closes it again. It is loaded for a server only: whoever stays on SQLite does
// not load the other engine's client.
import { systemClock } from '../../apps/outbox/clock.ts';
import type { Environment } from '../../apps/outbox/environment.ts';
import { troubleOf } from '../../apps/outbox/judge-trouble.ts';
import { slotNames } from '../../apps/outbox/lease-id.ts';
import { postgresAddress } from '../../apps/outbox/postgres/address.ts';
import { connectPostgres, type PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import { isPooledByTransaction } from '../../apps/outbox/postgres/pooler.ts';
import { describePostgresError } from '../../apps/outbox/postgres/refusal.ts';
import { roomOfTables } from '../../apps/outbox/postgres/room.ts';
import { serverClock } from '../../apps/outbox/postgres/server-clock.ts';
import { heldSlots } from '../../apps/outbox/postgres/slots.ts';
import { postgresStore } from '../../apps/outbox/postgres/store.ts';
import { mustBeCurrent } from './must-be-current.ts';
import type { OpenOutbox } from './open-outbox.ts';

export interface ServerOrder {
  readonly environment: Environment;
  readonly url: string;
  readonly table: string;
  readonly access: 'read' | 'write';
}

/** A person waits, and can press Ctrl-C: counting hundreds of millions of rows takes a while. */
const statementTimeoutMs = 300_000;

/** As `withOutbox`. */
export async function withPostgres<Result>(
  { environment, url, table, access }: ServerOrder,
  use: (outbox: OpenOutbox) => Promise<Result>,
): Promise<Result> {
  const address = postgresAddress(url);
  let connection: PostgresConnection | undefined;
  try {
    await mustBeCurrent({ url, shown: address.shown }, { table, access });
    const isPooled = await isPooledByTransaction(address.url);
    // On: what a person decided must not be forgotten when the server crashes.
    const open = connectPostgres({
      ...{ url: address.url, table, isPooled, statementTimeoutMs, connections: 2 },
      ...{ synchronousCommit: 'on', isReadOnly: access === 'read', applicationName: 'outbox command' },
    });
    connection = open;
    const clock = serverClock(open, systemClock);
    await clock.adjust();
    return await use({
      ...{ environment, table, store: postgresStore(open) },
      nowMs: () => clock.nowMs(),
      alive: () => heldSlots(open, { table, names: slotNames() }),
      room: async () => ({ name: address.shown, ...(await roomOfTables(open, table)) }),
      engine: { kind: 'postgres', address, connection: open, isPooled, clockOffsetMs: clock.offsetMs },
    });
  } catch (error) {
    throw troubleOf(error) === null ? error : describePostgresError(address, error);
  } finally {
    await connection?.close();
  }
}
