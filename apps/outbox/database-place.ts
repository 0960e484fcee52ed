// Which database DATABASE_URL names, on either engine, and how people are shown it. It opens nothing.
import { databaseFile, databaseUrl, type Environment } from './environment.ts';
import { isPostgresUrl, postgresAddress } from './postgres/address.ts';

export interface DatabasePlace {
  readonly engine: 'sqlite' | 'postgres';
  /** What `prepareDatabase` and the clients take: the absolute path of a file, or the `postgres://` URL as it is set. */
  readonly url: string;
  /** For logs and errors: the path, or host, port and database. Never a password. */
  readonly shown: string;
}

/** Throws ERR_OUTBOX_CONFIG when it names neither. */
export function databasePlace(environment: Environment): DatabasePlace {
  const url = databaseUrl(environment);
  if (isPostgresUrl(url)) return { engine: 'postgres', url, shown: postgresAddress(url).shown };
  const file = databaseFile(environment);
  return { engine: 'sqlite', url: file, shown: file };
}
