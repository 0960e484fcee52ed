// One business: its endpoint and that one's subscription, each created only if it is missing. Nothing is unique in Convoy, and
// an endpoint too many would be a webhook too many.
import { type ConvoyAccess, createInConvoy } from '../../../apps/outbox/convoy.ts';
import {
  type ConvoyEndpoint,
  type DirectoryAnswer,
  endpointOf,
} from '../../../apps/outbox/convoy-directory.ts';
import { plainText } from '../wording.ts';
import { refusal } from './refusal.ts';

export interface BusinessRequest {
  readonly access: ConvoyAccess;
  /** What there was before. */
  readonly directory: Extract<DirectoryAnswer, { kind: 'directory' }>;
  readonly business: string;
  /** Where a new endpoint gets its webhooks. */
  readonly url: string;
  readonly tell: (line: string) => void;
}

/** What was done for a business. */
export interface BusinessSetup {
  readonly business: string;
  readonly url: string;
  readonly endpoint: 'created' | 'found';
  readonly subscription: 'created' | 'found';
}

/** Convoy's words for "done already". */
const alreadySubscribed = 'a subscription for this endpoint already exists';

/** Throws OutboxError when Convoy refuses or does not answer. */
export async function setUpBusiness(request: BusinessRequest): Promise<BusinessSetup> {
  const { directory, business, url, tell } = request;
  const own = directory.endpoints.filter(({ owner }) => owner === business);
  const found = own.find(({ uid }) => directory.subscribed.has(uid)) ?? own[0];
  const endpoint = found ?? (await createEndpoint(request));
  const isSubscribed = directory.subscribed.has(endpoint.uid) || !(await subscribe(request, endpoint));
  const done: BusinessSetup = {
    business,
    url: endpoint.url,
    endpoint: found === undefined ? 'created' : 'found',
    subscription: isSubscribed ? 'found' : 'created',
  };
  const remarks = [
    endpoint.url === url ? '' : `its URL is kept: ${endpoint.url}`,
    endpoint.status === '' || endpoint.status === 'active'
      ? ''
      : `it is ${endpoint.status}: activate it in Convoy`,
  ].filter((remark) => remark !== '');
  const more = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`;
  tell(
    plainText(`business ${business}: endpoint ${done.endpoint}, subscription ${done.subscription}${more}`),
  );
  return done;
}

async function createEndpoint({ access, business, url }: BusinessRequest): Promise<ConvoyEndpoint> {
  const body = { name: business, url, owner_id: business };
  const made = await createInConvoy(access, { path: '/endpoints', body });
  if (made.kind !== 'created')
    throw refusal(`create an endpoint for business ${plainText(business)} at ${url}`, made);
  const endpoint = endpointOf(made.data);
  if (endpoint !== null) return endpoint;
  throw refusal(`read the endpoint of business ${plainText(business)}`, {
    kind: 'unknown',
    reason: 'no endpoint in the answer',
  });
}

/** Whether it was not subscribed before. */
async function subscribe({ access, business }: BusinessRequest, { uid }: ConvoyEndpoint): Promise<boolean> {
  const made = await createInConvoy(access, {
    path: '/subscriptions',
    body: { name: business, endpoint_id: uid },
  });
  if (made.kind === 'created') return true;
  if (made.kind === 'refused' && made.message === alreadySubscribed) return false;
  throw refusal(`subscribe the endpoint of business ${plainText(business)}`, made);
}
