// A gateway that answers what a test tells it to, over real sockets: as HTTP, or byte by byte.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ReplyServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Whole requests, in the order in which they arrived. */
  readonly requests: readonly ReceivedRequest[];
  /** Connections made so far. */
  connections: number;
}

export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

/** An HTTP server on a free port, closed with all its connections when the test has finished. */
export async function startReplyServer(answer: Answer): Promise<ReplyServer> {
  const requests: ReceivedRequest[] = [];
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    void readBody(request).then((body) => {
      const received = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
      };
      requests.push(received);
      answer(response, received);
    });
  });
  const replyServer = { url: await listen(server), requests, connections: 0 };
  server.on('connection', () => {
    replyServer.connections += 1;
  });
  onTestFinished(() => void server.closeAllConnections());
  return replyServer;
}

/** A server of bare connections; `onConnection` says and does what it likes. */
export async function startSocketServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createSocketServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
}

/** Resolves with what a connection has sent once a whole request, head and body, has arrived; else never. */
export function wholeRequest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (head !== -1 && Buffer.byteLength(text.slice(head + 4)) >= length) resolve(text);
    });
  });
}

/** A port on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createSocketServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The whole body of a request, as text. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
