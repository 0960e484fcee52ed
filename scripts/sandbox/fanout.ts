// POST /api/v1/projects/{id}/events/fanout: accepts an event for all endpoints of its owner. It writes the ledger
// line, hands the event to the store and answers, in this order; storing and delivering happen later.
import { businessOf } from './endpoint.ts';
import { type FanoutEvent, readFanoutBody } from './fanout-body.ts';
import { fateOf } from './fate.ts';
import { isStoredDespite } from './fault.ts';
import type { FaultPlan } from './fault-board.ts';
import { recordFaults, respond } from './fault-effect.ts';
import type { AcceptedAnswer } from './ledger-line.ts';
import { cutConnection, type Exchange, errorReply, sendReply, successReply } from './reply.ts';
import { readRequestBody } from './request-body.ts';
import type { Route, World } from './world.ts';

/** Bigger bodies are not read to their end: the connection is reset, as Convoy's was at 60 MB. */
const MAX_BODY_BYTES = 60_000_000;

const queuedReply = successReply(201, { message: 'Endpoint fanout event queued successfully' });
const duplicateReply = successReply(201, { message: 'Duplicate event received, but will not be sent' });

export const fanoutRoute: Route = { kind: 'event', method: 'POST', handle: handleFanout };

async function handleFanout(exchange: Exchange, world: World): Promise<void> {
  const limits = { stallMs: world.bodyStallMs, maxBytes: MAX_BODY_BYTES };
  const body = await readRequestBody(exchange.req, limits);
  switch (body.kind) {
    case 'complete':
      return answer(exchange, world, body.bytes);
    case 'stalled':
      return sendReply(exchange, errorReply(400, stallMessage(exchange), { Connection: 'close' }));
    case 'too-large':
      return cutConnection(exchange);
    case 'cut':
      return;
    default:
      return body satisfies never;
  }
}

function answer(exchange: Exchange, world: World, bytes: Buffer): void {
  const body = readFanoutBody(bytes);
  if (body.kind === 'refused') {
    const plan = world.faults.choose({ traffic: 'events' });
    recordFaults(world.ledger, plan);
    respond(exchange, errorReply(400, body.message), plan);
    return;
  }
  const { event } = body;
  const plan = world.faults.choose({ traffic: 'events', event });
  const isDuplicate = world.store.has(event.key);
  const isStored = plan.fault === null || isStoredDespite(plan.fault);
  const isLost = plan.fault?.kind === 'accepted-lost';
  const acceptedMs = isStored ? performance.now() : null;
  if (isStored) accept(world, event, { told: answerOf(plan, isDuplicate), isLost });
  recordFaults(world.ledger, plan, { key: event.key, ...(isStored && !isLost ? { stored: true } : {}) });
  noticeEnd(exchange, world, { key: event.key, acceptedMs });
  respond(exchange, isDuplicate ? duplicateReply : queuedReply, plan);
}

/** A dripping reply is the right one, only slow; that of a lost event is the right one, only untrue. */
function answerOf(plan: FaultPlan, isDuplicate: boolean): AcceptedAnswer {
  const rightly: readonly (string | undefined)[] = [undefined, 'drip', 'accepted-lost'];
  if (plan.fault !== null && !rightly.includes(plan.fault.kind)) return plan.fault.kind;
  return isDuplicate ? 'duplicate' : 'queued';
}

function accept(
  world: World,
  event: FanoutEvent,
  { told, isLost }: { readonly told: AcceptedAnswer; readonly isLost: boolean },
): void {
  const { key, owner, type } = event;
  const [endpoint] = world.endpoints.subscribed(owner);
  const fate = isLost ? 'lost' : fateOf(event, endpoint !== undefined);
  const line = world.ledger.accept({ event, fate, answer: told });
  world.store.add({ key, owner, type, fate, acknowledgedAtMs: line.atMs, posted: event });
  // The relayer tells every acceptance; here only what it cannot know.
  const about = () => ({
    ...{ event: key, type },
    ...businessOf(endpoint ?? { owner, name: 'nobody known here' }),
  });
  if (line.nth > 1) world.activity.info('event sent again', () => ({ ...about(), time: line.nth }));
  else if (fate !== 'delivered') {
    world.activity.warn('event accepted, never to be delivered', () => ({ ...about(), fate }));
  }
}

/** Any later an answer is worth a line in the ledger. */
const promptMs = 100;

/**
 * Writes down that the reply to an accepted event was late; or that the client left before it was out, unless the sandbox
 * itself ended the connection.
 */
function noticeEnd(
  exchange: Exchange,
  world: World,
  { key, acceptedMs }: { readonly key: string; readonly acceptedMs: number | null },
): void {
  const { res } = exchange;
  const sinceAccepted = () => (acceptedMs === null ? {} : { delayMs: performance.now() - acceptedMs });
  res.once('finish', () => {
    const { delayMs = 0 } = sinceAccepted();
    if (delayMs > promptMs) world.ledger.fault('late-answer', { key, delayMs });
  });
  const onClose = () => {
    const isClientsDoing = !exchange.isCutByUs && !world.isClosing;
    if (!res.writableFinished && isClientsDoing)
      world.ledger.fault('client-gone', { key, ...sinceAccepted() });
  };
  if (res.closed) onClose();
  else res.once('close', onClose);
}

function stallMessage({ req }: Exchange): string {
  const { localAddress, localPort, remoteAddress, remotePort } = req.socket;
  return `counting read: read tcp ${localAddress}:${localPort}->${remoteAddress}:${remotePort}: i/o timeout`;
}
