// Everything under /api: finds the route and makes Convoy's checks in Convoy's order, from the content type to the
// rate limit. What a route does is in the file of that route.
import { endpointCreateRoute, endpointListRoute, subscriptionCreateRoute } from './endpoint-routes.ts';
import { eventListRoute } from './event-list.ts';
import { fanoutRoute } from './fanout.ts';
import { recordFaults, respond } from './fault-effect.ts';
import { projectRoute } from './project.ts';
import { rateLimitReply } from './rate-limit.ts';
import {
  cutConnection,
  type Exchange,
  emptyReply,
  errorReply,
  type Reply,
  sendReply,
  textReply,
} from './reply.ts';
import { readRequestBody } from './request-body.ts';
import type { Route, Traffic, World } from './world.ts';

/** What follows /api/v1/projects/{id}. */
const routes: ReadonlyMap<string, readonly Route[]> = new Map([
  ['', [projectRoute]],
  ['/events/fanout', [fanoutRoute]],
  ['/events', [eventListRoute]],
  ['/endpoints', [endpointListRoute, endpointCreateRoute]],
  ['/subscriptions', [subscriptionCreateRoute]],
]);

const COMMAND_BYTES = 1 << 20;

/** Answers a request whose path, without the query, is `path`. */
export async function handleApi(exchange: Exchange, world: World, path: string): Promise<void> {
  const suffix = /^\/api\/v1\/projects\/[^/]+(.*)$/.exec(path)?.[1];
  const offered =
    suffix === undefined ? undefined : (routes.get(suffix) ?? routes.get(suffix.replace(/\/$/, '')));
  if (suffix === undefined || offered === undefined) return sendReply(exchange, notFound);
  const route = offered.find(({ method }) => method === exchange.req.method);
  if (route === undefined || suffix.endsWith('/')) {
    const allowed = offered.map(({ method }) => method).join(', ');
    return sendReply(exchange, emptyReply(405, { Allow: allowed, 'Content-Type': 'application/json' }));
  }
  const traffic = route.kind === 'event' ? 'events' : 'reads';
  const refusal = refusalBeforeBody(exchange, world, traffic);
  if (refusal !== null) return sendReply(exchange, refusal);
  if (world.faults.takesReset(traffic)) {
    world.ledger.fault('reset');
    return cutConnection(exchange);
  }
  if (route.kind === 'event') return route.handle(exchange, world);
  const reply =
    route.kind === 'read'
      ? route.answer({ parameters: parametersOf(exchange) }, world)
      : route.answer({ body: await jsonBody(exchange, world) }, world);
  const plan = world.faults.choose({ traffic });
  recordFaults(world.ledger, plan);
  respond(exchange, reply, plan);
}

const notFound = textReply(404, { type: 'text/plain; charset=utf-8', text: '404 page not found\n' });
const wrongType = emptyReply(415, {});
const noAuthorization = errorReply(401, 'Authentication required');
const badKey = errorReply(401, 'authorization failed');

function refusalBeforeBody({ req }: Exchange, world: World, traffic: Traffic): Reply | null {
  const { headers } = req;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && !/^application\/json *(;|$)/.test(headers['content-type'] ?? '')) return wrongType;
  const key = /^Bearer ([^ ]+)$/.exec(headers.authorization ?? '')?.[1];
  if (key === undefined) return noAuthorization;
  if (key !== world.apiKey) return badKey;
  const admission = world.limiters[traffic](performance.now());
  return admission.kind === 'limited' ? rateLimitReply(world.rateLimit, admission) : null;
}

async function jsonBody({ req }: Exchange, world: World): Promise<unknown> {
  const body = await readRequestBody(req, { stallMs: world.bodyStallMs, maxBytes: COMMAND_BYTES });
  if (body.kind !== 'complete') return undefined;
  try {
    return JSON.parse(body.bytes.toString());
  } catch {
    return undefined;
  }
}

function parametersOf({ req }: Exchange): URLSearchParams {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}
