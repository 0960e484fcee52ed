// Everything under /api: finds the route and makes Convoy's checks in Convoy's order, from the content type to the
// rate limit. What a route does is in the file of that route.
import {
  endpointCreateRoute,
  endpointListRoute,
  subscriptionCreateRoute,
  subscriptionListRoute,
} from './endpoint-routes.ts';
import { eventListRoute } from './event-list.ts';
import { fanoutRoute } from './fanout.ts';
import { recordFaults, respond } from './fault-effect.ts';
import { projectCreateRoute, projectListRoute, projectRoute } from './project.ts';
import type { SandboxProject } from './project-book.ts';
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
  ['/subscriptions', [subscriptionListRoute, subscriptionCreateRoute]],
]);

/** What follows /api/v1/projects itself: for persons only. */
const instanceRoutes: readonly Route[] = [projectListRoute, projectCreateRoute];

const COMMAND_BYTES = 1 << 20;

/** Answers a request whose path, without the query, is `path`. */
export async function handleApi(exchange: Exchange, world: World, path: string): Promise<void> {
  const place = placeOf(path);
  if (place === null) return sendReply(exchange, notFound);
  const { id, offered } = place;
  const route = offered.find(({ method }) => method === exchange.req.method);
  if (route === undefined || path.endsWith('/')) {
    const allowed = offered.map(({ method }) => method).join(', ');
    return sendReply(exchange, emptyReply(405, { Allow: allowed, 'Content-Type': 'application/json' }));
  }
  const traffic = route.kind === 'event' ? 'events' : 'reads';
  const admission = admissionOf(exchange, world, { traffic, id });
  if (admission.kind === 'refused') return sendReply(exchange, admission.reply);
  if (world.faults.takesReset(traffic)) {
    world.ledger.fault('reset');
    return cutConnection(exchange);
  }
  if (route.kind === 'event') return route.handle(exchange, world);
  const { project } = admission;
  const reply =
    route.kind === 'read'
      ? route.answer({ parameters: parametersOf(exchange), project }, world)
      : route.answer({ body: await jsonBody(exchange, world) }, world);
  const plan = world.faults.choose({ traffic });
  recordFaults(world.ledger, plan);
  respond(exchange, reply, plan);
}

/** The project that a path names (none for the list of all) and the routes there; null where there is nothing. */
function placeOf(
  path: string,
): { readonly id: string | undefined; readonly offered: readonly Route[] } | null {
  if (/^\/api\/v1\/projects\/?$/.test(path)) return { id: undefined, offered: instanceRoutes };
  const [, id, suffix] = /^\/api\/v1\/projects\/([^/]+)(.*)$/.exec(path) ?? [];
  if (id === undefined || suffix === undefined) return null;
  const offered = routes.get(suffix) ?? routes.get(suffix.replace(/\/$/, ''));
  return offered === undefined ? null : { id, offered };
}

const notFound = textReply(404, { type: 'text/plain; charset=utf-8', text: '404 page not found\n' });
const wrongType = emptyReply(415, {});
const noAuthorization = errorReply(401, 'Authentication required');
const badKey = errorReply(401, 'authorization failed');

const notForProjects = errorReply(403, 'Unauthorized');
const noProject = errorReply(400, 'failed to retrieve project');

type Admission =
  | { readonly kind: 'refused'; readonly reply: Reply }
  | { readonly kind: 'admitted'; readonly project: SandboxProject };

/** The checks before the body. `id` is the project that the path names; undefined for the list of all. */
function admissionOf(
  { req }: Exchange,
  world: World,
  { traffic, id }: { readonly traffic: Traffic; readonly id: string | undefined },
): Admission {
  const refused = (reply: Reply): Admission => ({ kind: 'refused', reply });
  const { headers } = req;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && !/^application\/json *(;|$)/.test(headers['content-type'] ?? '')) return refused(wrongType);
  const key = /^Bearer ([^ ]+)$/.exec(headers.authorization ?? '')?.[1];
  if (key === undefined) return refused(noAuthorization);
  const holder = world.projects.holderOf(key);
  if (holder === null) return refused(badKey);
  if (id === undefined && holder.kind === 'project') return refused(notForProjects);
  // A project's key opens its own project, whatever id the path names.
  const project =
    holder.kind === 'project' ? holder.project : world.projects.list().find(({ uid }) => uid === id);
  if (id !== undefined && project === undefined) return refused(noProject);
  const limit = world.limiters[traffic](performance.now());
  if (limit.kind === 'limited') return refused(rateLimitReply(world.rateLimit, limit));
  return { kind: 'admitted', project: project ?? { uid: '', name: '' } };
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
