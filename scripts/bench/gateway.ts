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

export class Gateway {
  readonly tally = new Tally();
  /** What it says it has stored; null says nothing. */
  stored: StoredList | null = null;
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections: Connection[] = [];
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

  /** Forgets what it has counted. */
  reset(): void {
    this.tally.reset();
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
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A relayer that was killed resets its connections.
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const nowMs = monotonicMs();
      const events: number[] = [];
      let eventsSeen = 0;
      for (const { method, target, body } of reader.read(chunk)) {
        if (method !== 'POST') {
          socket.write(answerTo(target, this.stored));
          continue;
        }
        eventsSeen += 1;
        const number = this.tally.arrived(body, nowMs);
        if (number !== null) events.push(number);
      }
      if (eventsSeen === 0) return;
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
