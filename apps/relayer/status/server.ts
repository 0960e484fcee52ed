// The HTTP server of the page: loopback only, few connections, short requests, headers that let a browser load nothing from
// elsewhere. What is answered is decided by the routes.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { refusalOf } from './guest.ts';
import { type Listener, type Question, type Reply, type StreamReply, textReply } from './reply.ts';

export interface ServerOptions {
  /** May throw: that is answered 500. */
  readonly answer: (question: Question) => Promise<Reply | StreamReply>;
  /** Told of an answer that failed. */
  readonly onError: (error: unknown) => void;
}

export interface StatusServer {
  /** Resolves with the port when it listens (0 takes a free one), or rejects with the system's error; then it may be tried again. */
  listen(port: number): Promise<number>;
  /** Ends every connection. */
  close(): Promise<void>;
}

const mostConnections = 64;
/** What a listener may lag behind before it is dropped. */
const mostBufferedBytes = 1 << 20;

const headers = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** A server that does not listen yet. */
export function createStatusServer({ answer, onError }: ServerOptions): StatusServer {
  const server = createServer(
    { maxHeaderSize: 8_192, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      void respond(request, response, answer).catch((error: unknown) => {
        onError(error);
        send(response, textReply(500, 'the answer failed: see the log of the relayer'));
      });
    },
  );
  server.maxConnections = mostConnections;
  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        const onListening = () => {
          server.off('error', onFailure);
          server.on('error', onError);
          const address = server.address();
          resolve(typeof address === 'object' && address !== null ? address.port : port);
        };
        // Another relayer may have the port for weeks: what a try has hung on must not stay for the next one.
        const onFailure = (error: Error) => {
          server.off('listening', onListening);
          reject(error);
        };
        server.once('error', onFailure);
        server.once('listening', onListening);
        // `exclusive`: under a cluster no other process may share the port.
        server.listen({ port, host: '127.0.0.1', exclusive: true });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ServerOptions['answer'],
): Promise<void> {
  const refusal = refusalOf({
    host: request.headers.host,
    fetchSite: single(request.headers['sec-fetch-site']),
    fetchMode: single(request.headers['sec-fetch-mode']),
  });
  if (refusal !== null) return send(response, textReply(403, refusal));
  const method = request.method ?? '';
  if (method !== 'GET' && method !== 'HEAD') {
    return send(response, textReply(405, 'there is nothing to change here: GET only'), {
      Allow: 'GET, HEAD',
    });
  }
  const path = (request.url ?? '/').replace(/\?.*$/s, '');
  const reply = await answer({ method, path, lastEventId: single(request.headers['last-event-id']) });
  if (reply.kind === 'reply') return send(response, reply);
  response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' });
  if (method === 'HEAD') return void response.end();
  response.flushHeaders();
  reply.open(listenerOf(response));
}

function send(response: ServerResponse, reply: Reply, more: Readonly<Record<string, string>> = {}): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const length = typeof reply.body === 'string' ? Buffer.byteLength(reply.body) : reply.body.byteLength;
  response.writeHead(reply.status, {
    ...headers,
    ...more,
    'Content-Type': reply.type,
    'Content-Length': length,
  });
  response.end(reply.body);
}

function listenerOf(response: ServerResponse): Listener {
  return {
    send(text) {
      if (response.destroyed) return;
      if (response.writableLength > mostBufferedBytes) response.destroy();
      else response.write(text);
    },
    onGone: (callback) => void response.once('close', callback),
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
