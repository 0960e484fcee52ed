// The relayer's store on PostgreSQL: the verbs of all files beside it on one pool of connections. Each verb is one statement, or one
// short transaction; times come in as arguments.
import type { OutboxStore } from '../store.ts';
import { postgresAudit } from './audit.ts';
import { postgresConfirm } from './confirm.ts';
import type { PostgresConnection } from './connection.ts';
import { postgresKeeping } from './keeping.ts';
import { postgresListing } from './listing.ts';
import { postgresLive } from './live.ts';
import { postgresOperator } from './operator.ts';
import { postgresOverview } from './overview.ts';
import { postgresOwners } from './owners.ts';
import { postgresRecord } from './record.ts';
import { postgresTurn } from './turn.ts';

/** Makes a store on a pool whose database has our tables. Closing the store closes the pool. */
export function postgresStore(connection: PostgresConnection): OutboxStore {
  return {
    ...postgresAudit(connection),
    ...postgresConfirm(connection),
    ...postgresKeeping(connection),
    ...postgresListing(connection),
    ...postgresLive(connection),
    ...postgresOperator(connection),
    ...postgresOverview(connection),
    ...postgresOwners(connection),
    ...postgresRecord(connection),
    ...postgresTurn(connection),
    close: () => connection.close(),
  };
}
