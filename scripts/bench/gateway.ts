// The gateway of a benchmark: answers at once, or after a fixed latency, from one small event loop, and counts. Raw sockets
// and prepared answers, because it must never be the slowest part: some 10 us of CPU per event, where node:http takes 40.
import { createServer, type Server, type Socket } from 'node:net';
import { accepted, answerTo } from './answers.ts';
import { HttpReader } from './http-reader.ts';
import { monotonicMs } from './monotonic.ts';
import type { StoredList } from './stored-list.ts';
import { Tally } from './tally.ts';

export interface GatewayOptions {
  /** Between a complete request and its answer, ms. */
  readonly latencyMs: number;
  /** Called after each chunk that brought events. */
  readonly onArrivals?: () => void;
}

/** A connection that has brought at least one event, in ms of the system-wide monotonic clock. */
export interface Connection {
  readonly openedMs: number;
  readonly firstEventMs: number;
}

const bearer = /\r\nauthorization: *bearer +(\S+)/i;

export class Gateway {
  readonly tally = new Tally();
  /** What it says it has stored; null says nothing. */
  stored: StoredList | null = null;
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections: Connection[] = [];
  readonly #shares = new Map<string, number>();
  #latencyMs: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#latencyMs = options.latencyMs;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  /** Listens on a free port of this machine and resolves with it. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
  }

  /** Connections that have brought events since the last reset, in the order of their first one. */
  get connections(): readonly Connection[] {
    return this.#connections;
  }

  /** How many events came first from whom, by API key. */
  get shares(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#shares);
  }

  /** Forgets what it has counted. */
  reset(): void {
    this.tally.reset();
    this.#shares.clear();
    this.#connections = [];
  }

  /** From now on an answer takes so long. */
  answerAfter(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    const openedMs = monotonicMs();
    const reader = new HttpReader();
    let isNew = true;
    let apiKey: string | null = null;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A relayer that was killed resets its connections.
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const nowMs = monotonicMs();
      const events: number[] = [];
      let eventsSeen = 0;
      for (const { method, target, head, body } of reader.read(chunk)) {
        if (method !== 'POST') {
          socket.write(answerTo(target, this.stored));
          continue;
        }
        eventsSeen += 1;
        // A connection belongs to one relayer.
        apiKey ??= bearer.exec(head)?.[1] ?? '';
        const number = this.tally.arrived(body, nowMs);
        if (number !== null) events.push(number);
      }
      if (eventsSeen === 0) return;
      this.#shares.set(apiKey ?? '', (this.#shares.get(apiKey ?? '') ?? 0) + events.length);
      if (isNew) this.#connections.push({ openedMs, firstEventMs: nowMs });
      isNew = false;
      this.#answer(socket, eventsSeen, events);
      this.#options.onArrivals?.();
    });
  }

  #answer(socket: Socket, count: number, events: readonly number[]): void {
    const write = () => {
      socket.write(count === 1 ? accepted : accepted.repeat(count));
      const nowMs = monotonicMs();
      for (const number of events) this.tally.answered(number, nowMs);
    };
    if (this.#latencyMs === 0) write();
    else setTimeout(write, this.#latencyMs);
  }
}
