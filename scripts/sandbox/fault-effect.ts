// Does to a reply what the chosen faults say, and writes them down. Whether the event was stored has been decided
// before.
import type { DripFault, GarbageFault, HugeReplyFault, StatusFault } from './fault.ts';
import type { FaultPlan, PlannedFault } from './fault-board.ts';
import type { FaultDetails, Ledger } from './ledger.ts';
import {
  cutConnection,
  type Exchange,
  emptyReply,
  errorReply,
  type Reply,
  sendReply,
  textReply,
  writeHead,
} from './reply.ts';

/**
 * Writes a ledger line for each fault of the plan, with what `request` tells of the event. `forget` leaves no trace,
 * or it would excuse itself.
 */
export function recordFaults(
  ledger: Ledger,
  plan: FaultPlan,
  request: Pick<FaultDetails, 'key' | 'stored'> = {},
) {
  const { slow, fault } = plan;
  if (slow !== null) ledger.fault('slow', { ...request, delayMs: slow.delayMs });
  if (fault === null || fault.kind === 'forget') return;
  ledger.fault(fault.kind, fault.kind === 'status' ? { ...request, status: fault.status } : request);
}

/** Answers with `reply`, or with what the plan makes of it. */
export function respond(exchange: Exchange, reply: Reply, plan: FaultPlan): void {
  if (plan.slow === null) {
    spoil(exchange, reply, plan.fault);
    return;
  }
  const timer = setTimeout(() => spoil(exchange, reply, plan.fault), plan.slow.delayMs);
  exchange.res.once('close', () => clearTimeout(timer));
}

function spoil(exchange: Exchange, reply: Reply, fault: PlannedFault | null): void {
  switch (fault?.kind) {
    case undefined:
    case 'forget':
    case 'accepted-lost':
      sendReply(exchange, reply);
      break;
    case 'status':
      sendReply(exchange, statusReply(fault));
      break;
    case 'garbage':
      sendReply(exchange, garbageReply(fault.shape));
      break;
    case 'redirect':
      sendReply(exchange, emptyReply(fault.status ?? 302, { Location: fault.location ?? '/' }));
      break;
    case 'lost-reply':
      sendReply(exchange, errorReply(400, 'task ID conflicts with another task'));
      break;
    case 'reset':
    case 'reset-after-accepting':
      cutConnection(exchange);
      break;
    case 'drip':
      dripReply(exchange, reply, fault);
      break;
    case 'huge-reply':
      floodReply(exchange, fault);
      break;
    case 'hang':
    case 'hang-after-accepting':
      break;
    default:
      fault satisfies never;
  }
}

function statusReply(fault: StatusFault): Reply {
  const { status, message, body = '', headers = {} } = fault;
  const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const plain =
    fault.body === undefined && message !== undefined ? errorReply(status, message) : emptyReply(status);
  return {
    status,
    headers: isTyped ? headers : { ...plain.headers, ...headers },
    body: plain.body === '' ? body : plain.body,
  };
}

const HTML_PAGE = '<!doctype html><title>Something else</title><p>This is not the API.</p>\n';

function garbageReply(shape: GarbageFault['shape']): Reply {
  switch (shape) {
    case 'html-201':
      return textReply(201, { type: 'text/html', text: HTML_PAGE });
    case 'html-200':
      return textReply(200, { type: 'text/html', text: HTML_PAGE });
    case 'truncated-json-201':
      return textReply(201, { type: 'application/json', text: '{"status":true,"message":"Endpoint fan' });
    case 'status-false-201':
      return errorReply(201, 'not really');
    default:
      return shape satisfies never;
  }
}

function dripReply(exchange: Exchange, reply: Reply, fault: DripFault): void {
  if (exchange.res.destroyed) return;
  const pieceBytes = fault.pieceBytes ?? 1;
  const body = Buffer.from(reply.body);
  writeHead(exchange, reply, body.length);
  exchange.res.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    exchange.res.write(body.subarray(sent, sent + pieceBytes));
    sent += pieceBytes;
    if (sent < body.length) return;
    clearInterval(timer);
    exchange.res.end();
  }, fault.everyMs);
  exchange.res.once('close', () => clearInterval(timer));
}

const HUGE_REPLY_BYTES = 60_000_000;
const FILLING = Buffer.alloc(65_536, 'a');

/** A reply of the wanted size, JSON from end to end; it claims success only if the event was stored. */
function floodReply(exchange: Exchange, fault: HugeReplyFault): void {
  if (exchange.res.destroyed) return;
  const { res } = exchange;
  const start = `{"status":${fault.stored ?? false},"message":"`;
  const end = '","data":null}\n';
  const replyBytes = Math.max(fault.replyBytes ?? HUGE_REPLY_BYTES, start.length + end.length);
  writeHead(exchange, { status: 201, headers: { 'Content-Type': 'application/json' } }, replyBytes);
  res.write(start);
  let left = replyBytes - start.length - end.length;
  const pour = () => {
    while (left > 0) {
      const piece = FILLING.subarray(0, left);
      left -= piece.length;
      if (!res.write(piece)) {
        res.once('drain', pour);
        return;
      }
    }
    res.end(end);
  };
  pour();
}
