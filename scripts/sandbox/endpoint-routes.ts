// Endpoints and subscriptions over the API, as far as setting up a project needs them: list, create, subscribe. An https
// address is not called at creation, which Convoy does.
import type { Endpoint } from './endpoint.ts';
import { pageOf, pageOrder } from './page.ts';
import { emptyReply, errorReply, type Reply, successReply } from './reply.ts';
import type { Command, Query, Route, World } from './world.ts';

export const endpointListRoute: Route = { kind: 'read', method: 'GET', answer: listEndpoints };
export const endpointCreateRoute: Route = { kind: 'write', method: 'POST', answer: createEndpoint };
export const subscriptionListRoute: Route = { kind: 'read', method: 'GET', answer: listSubscriptions };
export const subscriptionCreateRoute: Route = { kind: 'write', method: 'POST', answer: createSubscription };

function listEndpoints({ parameters }: Query, { endpoints }: World): Reply {
  const order = pageOrder(parameters);
  if (order === null) return emptyReply(500);
  const owner = parameters.get('ownerId') ?? '';
  const page = pageOf(owner === '' ? endpoints.list() : endpoints.of(owner), order);
  return successReply(200, {
    message: 'Endpoints fetched successfully',
    data: { ...page, content: page.content.map(shown) },
  });
}

function createEndpoint({ body }: Command, { endpoints }: World): Reply {
  const name = textIn(body, 'name');
  const url = textIn(body, 'url');
  if (name === '' || url === '') return errorReply(400, 'Invalid input provided');
  if (!URL.canParse(url) || new URL(url).hostname === '') {
    return errorReply(400, 'endpoint url must include a valid host');
  }
  const secret = textIn(body, 'secret') || `generated for ${name}`;
  const endpoint = endpoints.add({ owner: textIn(body, 'owner_id'), name, url, secret });
  return successReply(201, { message: 'Endpoint created successfully', data: shown(endpoint) });
}

function listSubscriptions({ parameters }: Query, { endpoints }: World): Reply {
  const order = pageOrder(parameters);
  if (order === null) return emptyReply(500);
  const wanted = parameters.getAll('endpointId');
  const found = endpoints.subscriptions().filter(({ uid }) => wanted.length === 0 || wanted.includes(uid));
  const page = pageOf(found, order);
  const content = page.content.map((endpoint) => ({
    uid: subscriptionId(endpoint.uid),
    name: endpoint.name,
    type: 'api',
    endpoint_metadata: shown(endpoint),
  }));
  return successReply(200, { message: 'Subscriptions fetched successfully', data: { ...page, content } });
}

const subscriptionId = (endpointId: string) => `S${endpointId.slice(1)}`;

function createSubscription({ body }: Command, { endpoints }: World): Reply {
  const endpointId = textIn(body, 'endpoint_id');
  if (textIn(body, 'name') === '' || endpointId === '') return errorReply(400, 'Invalid input provided');
  const subscribed = endpoints.subscribe(endpointId);
  switch (subscribed) {
    case 'subscribed':
      return successReply(201, {
        message: 'Subscription created successfully',
        data: { uid: subscriptionId(endpointId), name: textIn(body, 'name') },
      });
    case 'already':
      return errorReply(400, 'a subscription for this endpoint already exists');
    case 'unknown':
      return errorReply(400, 'failed to find endpoint by id');
    default:
      return subscribed satisfies never;
  }
}

function shown({ uid, owner, name, url, secret }: Endpoint): Readonly<Record<string, unknown>> & {
  readonly uid: string;
} {
  return { uid, owner_id: owner, name, url, status: 'active', secrets: [{ value: secret }] };
}

function textIn(body: unknown, name: string): string {
  const value = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const found = value.find(([member]) => member === name)?.[1];
  return typeof found === 'string' ? found : '';
}
