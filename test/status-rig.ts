// The live page's server in a test: on a free port, on a real store, and clients that speak plain HTTP to it.
import { request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock as clock } from '../apps/outbox/clock.ts';
import type { SqliteStore } from '../apps/outbox/sqlite/store.ts';
import { Meters } from '../apps/relayer/status/meters.ts';
import { serveStatus } from '../apps/relayer/status/status-service.ts';
import { waitFor } from './helpers.ts';
import { newDatabaseFile, openStore } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

export interface StatusRig {
  readonly file: string;
  readonly store: SqliteStore;
  readonly meters: Meters;
  readonly log: MemoryLog;
  readonly port: number;
  /** Ends the server, as the end of its relayer does. */
  stop(): Promise<void>;
}

/** Serves the page of a new outbox (or of `file`) until the test has finished. */
export async function startStatus({ file = newDatabaseFile(), port = 0 } = {}): Promise<StatusRig> {
  const store = await openStore(file);
  const meters = new Meters(clock);
  meters.isSendingAllowed = true;
  const log = new MemoryLog();
  const stopping = new AbortController();
  const served = serveStatus({
    ...{ port, meters, store, clock, log, signal: stopping.signal, alive: async (names) => names },
    engine: 'sqlite',
    about: { database: file, gateway: 'https://convoy.test/p', relayer: '00', pid: 1, concurrency: 32 },
  });
  const stop = async () => {
    stopping.abort();
    await served;
  };
  onTestFinished(stop);
  const url = () => log.lines.find(({ message }) => message === 'live page')?.fields.url;
  const opened = port === 0 ? await waitFor('the page to be served', url) : null;
  return {
    file,
    store,
    meters,
    log,
    port: opened === null ? port : Number(new URL(String(opened)).port),
    stop,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request, whole. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** A server-sent event as it came. */
export interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Listens until the test has finished; `events` grows, `isGone` says whether the server has ended it. */
export function listen(port: number, headers: Record<string, string> = {}) {
  const heard = { events: [] as SentEvent[], status: 0, isGone: false, leave: () => {} };
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries({ Host: `localhost:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`GET /events HTTP/1.1\r\n${lines.join('')}\r\n`);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    heard.status = Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
    heard.events = [...text.matchAll(/(?:id: (.*)\n)?event: (.*)\ndata: (.*)\n\n/g)].map(
      ([, id, event, data]) => ({
        id: id ?? '',
        event: event ?? '',
        data: JSON.parse(data ?? ''),
      }),
    );
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    heard.isGone = true;
  });
  heard.leave = () => void socket.destroy();
  onTestFinished(() => heard.leave());
  return heard;
}
