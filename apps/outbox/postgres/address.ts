// What a DATABASE_URL of PostgreSQL names: the URL as node-postgres takes it, Prisma's `?schema=`, and the words in which people may be
// shown it. It connects to nothing.
import { OutboxError } from '../outbox-error.ts';

/** A database on a PostgreSQL server. */
export interface PostgresAddress {
  /**
   * For node-postgres, which passes over Prisma's parameter `schema` in silence: it stands in `options` as the connection's search_path.
   */
  readonly url: string;
  /** The schema that `?schema=` names. Null when there is none: the server's search_path decides, which usually means `public`. */
  readonly schema: string | null;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  /** Host, port, database, user and schema for logs and errors; never a password. */
  readonly shown: string;
}

/** Whether a DATABASE_URL means PostgreSQL: it begins with `postgres://` or `postgresql://`. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(url);
}

/**
 * Reads such a URL. What it leaves out is node-postgres' to decide (PGHOST, PGUSER and so on) and is shown as the usual default.
 * A URL that was read before is read as it is. Throws ERR_OUTBOX_CONFIG when it is no URL.
 */
export function postgresAddress(url: string): PostgresAddress {
  const parsed = isPostgresUrl(url) ? parse(url) : null;
  if (parsed === null) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'DATABASE_URL: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE. Percent-encode characters such as / # ? @ % in the user and the password (# is %23)',
    );
  }
  const parameters = parsed.searchParams;
  const schema = parameters.get('schema') || null;
  const host = parameters.get('host') ?? (decoded(parsed.hostname) || 'localhost');
  const port = parameters.get('port') ?? (parsed.port || '5432');
  const user = parameters.get('user') ?? decoded(parsed.username);
  const database = decoded(parsed.pathname.slice(1)) || user;
  const where = `${user === '' ? '' : `${user}@`}${host}:${port}/${database}`;
  return {
    url: schema === null ? url : withSearchPath(parsed, schema),
    ...{ schema, host, port, database, user },
    shown: `postgres://${where}${schema === null ? '' : ` (schema ${schema})`}`,
  };
}

function parse(url: string): URL | null {
  try {
    // A user without a host means a Unix socket or PGHOST: legal for node-postgres, not for the standard.
    return new URL(url.replace(/^(\w+:\/\/[^/?#]*@)\//, '$1localhost/'));
  } catch {
    return null;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The server splits `options` at spaces, which a backslash protects, and reads search_path as a list of identifiers. */
function withSearchPath(parsed: URL, schema: string): string {
  const identifier = `"${schema.replaceAll('"', '""')}"`;
  const before = parsed.searchParams.get('options');
  const option = `-c search_path=${identifier.replaceAll(/[\\\s]/g, '\\$&')}`;
  parsed.searchParams.delete('schema');
  parsed.searchParams.set('options', before === null ? option : `${before} ${option}`);
  return parsed.href;
}
