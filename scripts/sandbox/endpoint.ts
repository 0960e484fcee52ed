// The endpoints of the sandbox's project: the demo's five businesses, each with a webhook address and a secret.
import { createHash } from 'node:crypto';

/** A business that receives webhooks. */
export interface Business {
  /** Its `owner_id` in Convoy. */
  readonly owner: string;
  readonly name: string;
  /** Where its webhooks go. Default: the sandbox's own receiver. */
  readonly url?: string;
}

/** A business's endpoint, ready for deliveries. */
export interface Endpoint {
  /** Its id in the API. */
  readonly uid: string;
  readonly owner: string;
  readonly name: string;
  readonly url: string;
  /** Signs its webhooks. Made from the owner: stable over restarts, and worthless outside this sandbox. */
  readonly secret: string;
}

/** The business in a log line: by its id, as the relayer names it, and by its name. */
export function businessOf({ owner, name }: Pick<Endpoint, 'owner' | 'name'>) {
  return { business: owner, business_name: name };
}

/** The businesses that the demo writes invoices for. */
export const demoBusinesses: readonly Business[] = [
  { owner: '550e8400-e29b-41d4-a716-446655440000', name: 'Acme Corp' },
  { owner: '6ba7b810-9dad-11d1-80b4-00c04fd430c8', name: 'TechStart Inc' },
  { owner: '7ba7b810-9dad-11d1-80b4-00c04fd430c9', name: 'Global Solutions' },
  { owner: '8ba7b810-9dad-11d1-80b4-00c04fd430ca', name: 'Innovate Labs' },
  { owner: '9ba7b810-9dad-11d1-80b4-00c04fd430cb', name: 'Future Systems' },
];

/** The endpoint of `business`; `origin` is the sandbox's own address, such as `http://127.0.0.1:5055`. */
export function endpointOf(business: Business, origin: string): Omit<Endpoint, 'uid'> {
  const { owner, name } = business;
  return {
    owner,
    name,
    url: business.url ?? `${origin}/_sandbox/receiver/${encodeURIComponent(owner)}`,
    secret: createHash('sha256').update(`sandbox endpoint of ${owner}`).digest('hex'),
  };
}
