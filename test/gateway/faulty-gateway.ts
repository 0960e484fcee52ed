// Convoy's intake on a real port: healthy, or at fault, and healed on that port while its clients go on. It notes what it
// was sent; what a fault does is told by the table of faults.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { onTestFinished, vi } from 'vitest';
import type { Clock } from '../../apps/outbox/clock.ts';
import { projectRoot } from '../helpers.ts';
import { readBody, startSocketServer } from '../reply-server.ts';
import { type BlackHole, digBlackHole } from './black-hole.ts';

/** What goes wrong; the first that is given, from the connection upwards. Nothing given: healthy. */
export interface Fault {
  /** Nobody listens. */
  readonly isRefusing?: true;
  /** Packets reach nobody. */
  readonly isBlackHole?: true;
  /** What the server shows; the authority of the tests is trusted, as with `NODE_EXTRA_CA_CERTS`. */
  readonly certificate?: 'good' | 'expired' | 'other-host' | 'self-signed';
  /** A connection was made: nothing has been read. */
  readonly onConnection?: (socket: Socket, gateway: FaultyGateway) => void;
  /** A whole request was read. */
  readonly onRequest?: (exchange: Exchange, gateway: FaultyGateway) => void;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Takes the event, as Convoy does, whatever is answered. */
  readonly store: () => void;
}

const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const intake = 'POST /api/v1/projects/project-1/events/fanout';

export class FaultyGateway {
  /** Bodies by idempotency key, of the events taken. */
  readonly taken = new Map<string, Set<string>>();
  /** Whole requests, as method and path. */
  readonly requests: string[] = [];
  /** Most bytes that one connection took in answers. */
  mostBytesTaken = 0;
  /** Requests that will never be answered: somebody who waits for answers may let time pass. */
  held = 0;
  onHeld: () => void = () => {};
  readonly clock: Clock;
  /** Where redirects point to, and how many came. */
  elsewhere = '';
  led = 0;
  readonly #port: number;
  #hole: BlackHole | null = null;
  #fault: Fault = {};
  readonly #http: Server;
  readonly #listener: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: NetServer, clock: Clock) {
    this.clock = clock;
    this.#listener = listener;
    this.#port = (listener.address() as AddressInfo).port;
    this.#http = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      void readBody(request).then((body) => this.#requested({ request, response, body }));
    });
    listener.on(listener instanceof tls.Server ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.#connected(socket),
    );
  }

  /** Listens on a free port of 127.0.0.1, ready for the fault that is to come; closed when the test has finished. */
  static async start(fault: Fault, clock: Clock): Promise<FaultyGateway> {
    const isSecure = fault.certificate !== undefined;
    const listener = isSecure ? tls.createServer(keyPair(fault.certificate)) : createSocketServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    onTestFinished(() => void listener.close());
    const gateway = new FaultyGateway(listener, clock);
    onTestFinished(() => gateway.#hangUp());
    if (isSecure) trustAuthority();
    if (fault.isBlackHole === true) gateway.#hole = await digBlackHole(gateway.#port);
    gateway.elsewhere = await startSocketServer((socket) => {
      gateway.led += 1;
      socket.destroy();
    });
    return gateway;
  }

  /** Where clients find it. */
  get port(): number {
    return this.#hole?.port ?? this.#port;
  }

  /** From now on the fault is there. */
  async break(fault: Fault): Promise<void> {
    this.#fault = fault;
    if (fault.isRefusing !== true) return;
    this.#listener.close();
    this.#hangUp();
    await once(this.#listener, 'close');
  }

  /** From now on everything is well, on the same port. */
  async heal(): Promise<void> {
    const { isRefusing, certificate } = this.#fault;
    this.#fault = {};
    this.#hangUp();
    this.#hole?.open();
    if (certificate !== undefined) (this.#listener as tls.Server).setSecureContext(keyPair('good'));
    if (isRefusing !== true) return;
    this.#listener.listen(this.#port, '127.0.0.1');
    await once(this.#listener, 'listening');
  }

  /** The request on this connection is kept and not answered. */
  hold(socket: Socket): void {
    const change = (by: number) => {
      this.held += by;
      this.onHeld();
    };
    change(1);
    socket.once('close', () => change(-1));
  }

  /** Requests that went elsewhere than to the intake. */
  get strays(): readonly string[] {
    return this.requests.filter((request) => request !== intake);
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.mostBytesTaken = Math.max(this.mostBytesTaken, socket.bytesWritten);
      this.#sockets.delete(socket);
    });
    const { onConnection } = this.#fault;
    if (onConnection === undefined) this.#http.emit('connection', socket);
    else onConnection(socket, this);
  }

  #requested({ request, response, body }: Pick<Exchange, 'request' | 'response'> & { body: string }): void {
    const { socket } = request;
    this.requests.push(`${request.method} ${request.url}`);
    const store = () => {
      const key = String(JSON.parse(body).idempotency_key);
      this.taken.set(key, (this.taken.get(key) ?? new Set()).add(body));
    };
    const exchange = { request, response, socket, store };
    (this.#fault.onRequest ?? accept)(exchange, this);
  }

  #hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** What a healthy Convoy does. */
export function accept({ response, store }: Exchange): void {
  store();
  response.writeHead(201, { 'content-type': 'application/json' }).end(acceptance);
}

function keyPair(name: string): { readonly key: Buffer; readonly cert: Buffer } {
  return { key: pem('key'), cert: pem(name) };
}

function pem(name: string): Buffer {
  return readFileSync(path.join(projectRoot, 'test', 'fixtures', 'tls', `${name}.pem`));
}

/** Node reads NODE_EXTRA_CA_CERTS only when it starts. */
function trustAuthority(): void {
  const { createSecureContext } = tls;
  vi.spyOn(tls, 'createSecureContext').mockImplementation((options) => {
    const context = createSecureContext(options);
    context.context.addCACert(pem('authority'));
    return context;
  });
}
