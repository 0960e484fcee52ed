// The one session of a relayer that is more than a borrowed connection: its advisory locks are the relayer's proof of life, and it
// hears the wakes. When it is lost (the server restarted, the network cut, an administrator ended it) its locks are free; the next
// `open` begins a new one.
import pg from 'pg';
import type { Clock } from '../clock.ts';
import { atMost, longestEndMs } from './at-most.ts';
import { isSilence, troubleOfPostgres } from './trouble.ts';

export interface SessionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** The channel on which commits are told. */
  readonly channel: string;
  readonly clock: Clock;
  /** The session did not answer in time, and is ended: other connections of this process may be as dead. */
  readonly onSilence?: () => void;
}

/** A session while it lasts. */
export interface Session {
  /** What is not answered within 4 s ends the session. Rejects with DatabaseTrouble. */
  query<Row>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Resolves once it is over, whoever ended it. Never rejects. */
  readonly ended: Promise<void>;
  /** Says goodbye, and waits for the answer a few seconds. Never rejects. */
  end(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** A frozen network is noticed after two of these; the server gives up on a lost host after about 10 s (its own keepalive). */
const pingEveryMs = 4_000;
/**
 * Linux sends no keepalive probes while something sent is not acknowledged, and a sleeping relayer is sent notifications: without a limit of
 * its own the server kept the locks of a lost host for 15 minutes (tcp_retries2). Measured after one notification: still held after 75 s, with
 * it 11 s. A server whose system has no such option notes that in its log, and goes on.
 */
const lostAfterMs = 10_000;

/** Begins a session that listens; what was told before is missed. `onTold` gets what a notification says. Rejects with DatabaseTrouble. */
export async function openSession(
  options: SessionOptions,
  onTold: (message: string) => void,
): Promise<Session> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: pingEveryMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: pingEveryMs,
  });
  const ended = new Promise<void>((resolve) => {
    client.once('end', () => resolve());
    // 'end' follows; without a listener the error would end the process.
    client.on('error', () => resolve());
  });
  client.on('notification', ({ payload }) => onTold(payload ?? ''));
  // A polite goodbye would wait for the same dead line.
  const giveUp = () => {
    client.connection.stream.destroy();
    options.onSilence?.();
  };
  const query = async <Row>(statement: string, values: readonly unknown[] = []) => {
    try {
      return (await client.query(statement, [...values])).rows as readonly Row[];
    } catch (error) {
      if (isSilence(error)) {
        // The server may answer yet, and grant a lock that nobody here knows of: what this session holds is not known any more.
        giveUp();
        await ended;
      }
      throw troubleOfPostgres(error);
    }
  };
  try {
    await client.connect();
    // A session holds locks for as long as its process lives: nothing but a dead connection may end it.
    await client.query(
      `SET idle_session_timeout = 0; SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET tcp_user_timeout = ${lostAfterMs}`,
    );
    await client.query(`LISTEN ${pg.escapeIdentifier(options.channel)}`);
  } catch (error) {
    client.end().catch(() => {});
    throw troubleOfPostgres(error);
  }
  const stopPinging = ping(client, options.clock, giveUp);
  void ended.then(stopPinging);
  return {
    query,
    ended,
    async end() {
      stopPinging();
      const goodbye = client.end().catch(() => {});
      if (!(await atMost(longestEndMs, goodbye))) client.connection.stream.destroy();
    },
  };
}

/** Ends a connection that answers nothing: a cut cable tells nobody. */
function ping(client: pg.Client, clock: Clock, giveUp: () => void): () => void {
  let cancel = () => {};
  let isStopped = false;
  const next = () => {
    if (!isStopped) cancel = clock.after(pingEveryMs, ask);
  };
  const ask = () => {
    client.query('SELECT 1').then(next, (error: unknown) => {
      if (isSilence(error)) giveUp();
      else client.connection.stream.destroy();
    });
  };
  next();
  return () => {
    isStopped = true;
    cancel();
  };
}
