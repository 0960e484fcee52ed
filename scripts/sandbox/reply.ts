// A reply as data, and how one is put on the wire with the headers that every reply of Convoy's has. Which reply a
// request deserves is decided elsewhere.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request under way. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The client's X-Request-ID, or a generated one. */
  readonly requestId: string;
  /** Set when the sandbox itself cut the connection, so that nobody blames the client. */
  isCutByUs: boolean;
}

/** A whole reply. Content-Length and the headers common to all are added when it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text and not bytes: Node then sends head and body in one write, which costs a third less. */
  readonly body: string;
}

const CONVOY_VERSION = '2025-11-24';
const jsonHeaders = { 'Content-Type': 'application/json' };

/** A reply with `value` as JSON in Convoy's spelling: `<`, `>` and `&` escaped, a line break at the end. */
export function jsonReply(status: number, value: unknown, headers: Reply['headers'] = {}): Reply {
  return { status, headers: { ...jsonHeaders, ...headers }, body: `${goJson(value)}\n` };
}

/** `{"status":true,...}` as Convoy wraps what it found or did. `data` defaults to null. */
export function successReply(
  status: number,
  given: { readonly message: string; readonly data?: unknown },
): Reply {
  return jsonReply(status, { status: true, message: given.message, data: given.data ?? null });
}

/** `{"status":false,"message":...}` with `headers` added. */
export function errorReply(status: number, message: string, headers: Reply['headers'] = {}): Reply {
  return jsonReply(status, { status: false, message }, headers);
}

/** A reply without a body; by default of JSON type, as after a crash of Convoy's handler. */
export function emptyReply(status: number, headers: Reply['headers'] = jsonHeaders): Reply {
  return { status, headers, body: '' };
}

/** A reply of another type than JSON. */
export function textReply(status: number, given: { readonly type: string; readonly text: string }): Reply {
  return { status, headers: { 'Content-Type': given.type }, body: given.text };
}

/** Sends the whole reply; nothing happens when the client has gone. */
export function sendReply(exchange: Exchange, reply: Reply): void {
  if (exchange.res.destroyed || exchange.res.headersSent) return;
  writeHead(exchange, reply, Buffer.byteLength(reply.body));
  exchange.res.end(reply.body);
}

/** Sends status and headers for a body of `bodyBytes` that somebody else writes. */
export function writeHead(exchange: Exchange, reply: Omit<Reply, 'body'>, bodyBytes: number): void {
  const { res, requestId } = exchange;
  // Convoy sends neither Connection nor Keep-Alive; Node would send both.
  res.removeHeader('Connection');
  if (reply.headers.Connection === 'close') res.shouldKeepAlive = false;
  const headers: string[] = [];
  for (const name in reply.headers) headers.push(name, reply.headers[name] ?? '');
  headers.push('Content-Length', String(bodyBytes));
  headers.push('X-Convoy-Version', CONVOY_VERSION, 'X-Request-Id', requestId);
  res.writeHead(reply.status, headers);
}

/** Resets the connection, which the client sees as ECONNRESET. */
export function cutConnection(exchange: Exchange): void {
  exchange.isCutByUs = true;
  exchange.req.socket.resetAndDestroy();
}

const goEscapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => goEscapes[character] ?? character,
  );
}
