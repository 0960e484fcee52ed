// The engine that is measured: SQLite, or a PostgreSQL server.
import type { Parsed } from '../../apps/outbox/flag.ts';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import { serverUrl as usualServerUrl } from './peers/server-address.ts';

export interface BenchEngine {
  readonly engine: 'sqlite' | 'postgres';
  /** Of the server, when the engine is PostgreSQL. May hold a password. */
  readonly serverUrl: string;
}

/** Without the flag. */
export const sqlite = { engine: 'sqlite', serverUrl: '' } as const;

/** What `--database` says. */
export function engineOf(text: string): Parsed<BenchEngine> {
  if (text === 'sqlite') return { kind: 'value', value: sqlite };
  if (text !== 'postgres' && !isPostgresUrl(text)) {
    return { kind: 'expected', text: 'sqlite, postgres or a postgres:// URL' };
  }
  const serverUrl = text === 'postgres' ? usualServerUrl('PostgreSQL', process.env) : text;
  return { kind: 'value', value: { engine: 'postgres', serverUrl } };
}
