// What must hold of a server before anything is done there: its version, that it takes writes, which schema it
// means. It asks; it changes nothing.
import { OutboxError } from '../outbox-error.ts';
import type { PostgresAddress } from './address.ts';
import type { Queries } from './connection.ts';
import { passing, readOnlyAdvice } from './refusal.ts';

/** What a server says of itself and of this connection. */
export interface ServerFacts {
  /** Such as 150020 for 15.20. */
  readonly versionNumber: number;
  /** As people know it. */
  readonly version: string;
  readonly isReplica: boolean;
  readonly isReadOnly: boolean;
  /** The schema that unqualified names are created in. Null when no schema of the search_path exists. */
  readonly schema: string | null;
}

/** The oldest release that gets fixes, and the oldest that this project is tested against. */
const oldestVersionNumber = 140_000;

/** Asks the server. Throws DatabaseTrouble. */
export async function readServerFacts(queries: Queries): Promise<ServerFacts> {
  const [facts] = await queries.query<ServerFacts>(
    `SELECT current_setting('server_version_num')::int AS "versionNumber", current_setting('server_version') AS version,
       pg_is_in_recovery() AS "isReplica", current_setting('transaction_read_only')::bool AS "isReadOnly",
       current_schema()::text AS schema`,
  );
  if (facts === undefined) throw new Error('a SELECT without a FROM gave no row');
  return facts;
}

/**
 * Throws ERR_OUTBOX_POSTGRES_VERSION for a server that is too old, _DATABASE_BLOCKED for one that takes no writes: a replica, which is behind and
 * knows no locks, and, unless `onlyReads`, a session that may not write.
 */
export function refuseServer(
  address: PostgresAddress,
  facts: ServerFacts,
  { onlyReads = false }: { readonly onlyReads?: boolean } = {},
): void {
  if (facts.versionNumber < oldestVersionNumber) {
    throw new OutboxError(
      'ERR_OUTBOX_POSTGRES_VERSION',
      `the database ${address.shown} is on PostgreSQL ${facts.version}: 14 or later is needed. Upgrade the server`,
    );
  }
  if (facts.isReplica || (facts.isReadOnly && !onlyReads)) throw passing(address, readOnlyAdvice);
}
