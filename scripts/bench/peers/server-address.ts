// Where the servers of peers are, and whether anybody listens there. Connects and closes; it says nothing to them.
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import type { ServerKind } from './peer.ts';

export const serverVariables = { PostgreSQL: 'TEST_POSTGRES_URL', Redis: 'TEST_REDIS_URL' } as const;

/** The variable's URL, or the usual port of this machine. */
export function serverUrl(kind: ServerKind, environment: NodeJS.ProcessEnv): string {
  const given = environment[serverVariables[kind]];
  if (given !== undefined && given !== '') return given;
  return kind === 'Redis'
    ? 'redis://127.0.0.1:6379'
    : `postgres://${encodeURIComponent(userInfo().username)}@127.0.0.1:5432/postgres`;
}

/** The URL without a password, for people. */
export function shownUrl(url: string): string {
  return url.replace(/(:\/\/[^/@:]*):[^/@]*@/, '$1:***@');
}

const answerMs = 3_000;

/** Null when somebody listens, else why not, with what to do. */
export async function whyAbsent(kind: ServerKind, url: string): Promise<string | null> {
  const otherwise = `${serverVariables[kind]} names another`;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) return `${JSON.stringify(shownUrl(url))} is no URL: ${otherwise}`;
  // A socket's folder stands in the query of a PostgreSQL URL; its driver will find out.
  if (parsed.hostname === '') return null;
  const port = Number(parsed.port || (kind === 'Redis' ? 6_379 : 5_432));
  const refusal = await refusalOf(parsed.hostname, port);
  return refusal === null ? null : `no ${kind} at ${parsed.hostname}:${port} (${refusal}): ${otherwise}`;
}

function refusalOf(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (refusal: string | null) => {
      socket.destroy();
      resolve(refusal);
    };
    socket.setTimeout(answerMs, () => end(`no answer in ${answerMs} ms`));
    socket.once('connect', () => end(null));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
