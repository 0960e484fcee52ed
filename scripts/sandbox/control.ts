// The control API under /_sandbox/: health, state, faults and endpoints, for programs on this machine only. It is no part of
// what Convoy offers, and it answers nobody who comes from elsewhere.
import type { EndpointControls } from './endpoint-control.ts';
import type { FaultOrder } from './fault.ts';
import { type FaultControls, MAX_ACTIVE_FAULTS } from './fault-board.ts';
import { readFaultOrder } from './fault-order.ts';
import type { LedgerQueries } from './ledger.ts';
import { type Exchange, emptyReply, jsonReply, type Reply, sendReply } from './reply.ts';
import { readRequestBody } from './request-body.ts';

/** What the control API shows and switches. */
export interface Controlled {
  readonly faults: FaultControls;
  readonly ledger: LedgerQueries;
  readonly endpoints: EndpointControls;
  /** A summary for `GET state`. */
  readonly state: () => unknown;
}

const BODY_LIMITS = { stallMs: 10_000, maxBytes: 1 << 20 };
const loopback = /^(127\.|::1$|::ffff:127\.)/;

/** Answers a request to `/_sandbox/` + `path`. */
export async function handleControl(exchange: Exchange, controlled: Controlled, path: string): Promise<void> {
  if (!loopback.test(exchange.req.socket.remoteAddress ?? '')) {
    return sendReply(exchange, problem(403, 'the control API answers programs on this machine only'));
  }
  const body = await readRequestBody(exchange.req, BODY_LIMITS);
  if (body.kind !== 'complete') return sendReply(exchange, problem(400, 'the body did not come whole'));
  const method = exchange.req.method ?? '';
  sendReply(exchange, controlReply(controlled, { method, path, body: body.bytes }));
}

interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

function controlReply(controlled: Controlled, request: ControlRequest): Reply {
  const { method, path } = request;
  const [area, rest] = splitOnce(path);
  if (area === 'faults') return faultsReply(controlled.faults, { ...request, path: rest });
  if (area === 'endpoints') return endpointsReply(controlled.endpoints, { method, owner: rest });
  if (method !== 'GET') return problem(405, `/_sandbox/${path} takes GET only`);
  if (path === 'health') return jsonReply(200, { ok: true, pid: process.pid });
  if (path === 'state') return jsonReply(200, controlled.state());
  if (area === 'ledger' && rest !== '') {
    const entry = controlled.ledger.entry(rest);
    return entry === undefined ? problem(404, 'this key was never accepted') : jsonReply(200, entry);
  }
  return problem(404, 'there are health, state, faults, endpoints and ledger/{key}');
}

/** `GET endpoints`, `PUT endpoints/{owner}` and `DELETE endpoints/{owner}`. */
function endpointsReply(
  endpoints: EndpointControls,
  { method, owner }: { readonly method: string; readonly owner: string },
): Reply {
  if (method === 'GET' && owner === '') return jsonReply(200, { endpoints: endpoints.list() });
  if (method === 'PUT' && owner !== '')
    return jsonReply(201, { added: endpoints.add({ owner, name: owner }) });
  if (method === 'DELETE' && owner !== '') return jsonReply(200, { removed: endpoints.remove(owner) });
  return problem(405, 'endpoints take GET; endpoints/{owner} takes PUT and DELETE');
}

function faultsReply(faults: FaultControls, { method, path, body }: ControlRequest): Reply {
  if (path !== '') {
    if (method !== 'DELETE') return problem(405, 'one fault takes DELETE only');
    return faults.remove(path) ? emptyReply(204, {}) : problem(404, `no fault ${path} is active`);
  }
  switch (method) {
    case 'GET':
      return jsonReply(200, { active: faults.active(), touched: faults.touched() });
    case 'DELETE':
      faults.replace();
      return emptyReply(204, {});
    case 'POST':
    case 'PUT': {
      const read = readOrders(body);
      if (read.kind === 'invalid') return problem(400, read.message);
      const staying = method === 'PUT' ? 0 : faults.active().length;
      if (staying + read.orders.length > MAX_ACTIVE_FAULTS) {
        return problem(400, `at most ${MAX_ACTIVE_FAULTS} faults can be active`);
      }
      const added = method === 'PUT' ? faults.replace(read.orders) : read.orders.map(faults.add);
      return jsonReply(201, { added });
    }
    default:
      return problem(405, 'faults take GET, POST, PUT and DELETE');
  }
}

type ReadOrders =
  | { readonly kind: 'orders'; readonly orders: readonly FaultOrder[] }
  | { readonly kind: 'invalid'; readonly message: string };

/** One fault or an array of them; a single bad one refuses all. */
function readOrders(body: Buffer): ReadOrders {
  let given: unknown;
  try {
    given = JSON.parse(body.toString());
  } catch {
    return { kind: 'invalid', message: 'the body is not JSON' };
  }
  const orders: FaultOrder[] = [];
  for (const value of Array.isArray(given) ? given : [given]) {
    const read = readFaultOrder(value);
    if (read.kind === 'invalid') return read;
    orders.push(read.order);
  }
  return { kind: 'orders', orders };
}

function splitOnce(path: string): readonly [string, string] {
  const slash = path.indexOf('/');
  return slash < 0 ? [path, ''] : [path.slice(0, slash), decode(path.slice(slash + 1))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function problem(status: number, error: string): Reply {
  return jsonReply(status, { error });
}
