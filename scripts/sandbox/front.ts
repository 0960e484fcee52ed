// The HTTP server: gives each request an id and sends it to the API, the control API, the receiver, or the page
// that Convoy shows for every other address.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { handleApi } from './api.ts';
import { type Controlled, handleControl } from './control.ts';
import type { Receiver } from './receiver.ts';
import { type Exchange, emptyReply, jsonReply, sendReply, textReply } from './reply.ts';
import type { World } from './world.ts';

/** Headers beyond this are answered 431 by Node, as Go does at the same size. */
const MAX_HEADER_BYTES = 1 << 20;
const CONTROL = '/_sandbox/';
const RECEIVER = '/_sandbox/receiver/';

const page = textReply(200, {
  type: 'text/html; charset=utf-8',
  text: '<!doctype html><title>Sandbox</title><p>A local stand-in for Convoy. The API is under /api.</p>\n',
});
const healthy = jsonReply(200, { status: true, message: 'alive', data: null });

export interface Front {
  readonly world: World;
  readonly controlled: Controlled;
  readonly receiver: Receiver;
  /** Keep-alive connections without a request are closed after this time. Convoy: 30 s. */
  readonly idleSocketMs: number;
  /** The sandbox keeps a time of its own, which the Date header then tells. */
  readonly isTimeOwn: boolean;
}

/** A server that is not listening yet. */
export function createFront(front: Front): Server {
  let lastRequest = 0;
  const options = { keepAliveTimeout: front.idleSocketMs, maxHeaderSize: MAX_HEADER_BYTES };
  const server = createServer(options, (req: IncomingMessage, res: ServerResponse) => {
    const given = req.headers['x-request-id'];
    const requestId = typeof given === 'string' ? given : `sandbox/${process.pid}-${++lastRequest}`;
    const exchange: Exchange = { req, res, requestId, isCutByUs: false };
    if (front.isTimeOwn) res.setHeader('Date', new Date(front.world.nowMs()).toUTCString());
    route(front, exchange).catch((error: unknown) => {
      front.world.activity.error('a request failed inside the sandbox', () => ({ error }));
      sendReply(exchange, emptyReply(500));
    });
  });
  // Node waits a second longer than it is told; its newer releases can be talked out of that.
  return Object.assign(server, { keepAliveTimeoutBuffer: 0 });
}

async function route(front: Front, exchange: Exchange): Promise<void> {
  const url = exchange.req.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === '/api' || path.startsWith('/api/')) return handleApi(exchange, front.world, path);
  if (path.startsWith(RECEIVER)) {
    if (exchange.req.method !== 'POST') return sendReply(exchange, emptyReply(405, { Allow: 'POST' }));
    return front.receiver.handle(exchange, path.slice(RECEIVER.length));
  }
  if (path.startsWith(CONTROL)) return handleControl(exchange, front.controlled, path.slice(CONTROL.length));
  sendReply(exchange, path === '/healthz' || path === '/health' ? healthy : page);
}
