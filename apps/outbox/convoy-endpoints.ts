// Whether an owner has an endpoint in Convoy. It creates none, and does not look at subscriptions.
import { type ConvoyAccess, memberOf, readConvoy, type Unreadable } from './convoy.ts';

export type EndpointAnswer =
  | { readonly kind: 'endpoints'; readonly isAny: boolean }
  /** No answer that can be trusted. */
  | Unreadable;

/** Asks for the endpoints of one owner, by exact match. Never throws. */
export async function askEndpoints(
  access: ConvoyAccess,
  owner: string,
  signal: AbortSignal,
): Promise<EndpointAnswer> {
  const parameters = { ownerId: owner, perPage: '10' };
  const read = await readConvoy(access, { path: '/endpoints', parameters, signal });
  switch (read.kind) {
    case 'read': {
      // A page in this version; a plain list would mean the same.
      const content = Array.isArray(read.data) ? read.data : memberOf(read.data, 'content');
      if (!Array.isArray(content)) return unreadable('no list of endpoints');
      return {
        kind: 'endpoints',
        isAny: content.some((endpoint) => memberOf(endpoint, 'owner_id') === owner),
      };
    }
    case 'too-large':
      return unreadable('an endless list of endpoints');
    case 'unreadable':
      return read;
    default:
      return read satisfies never;
  }
}

function unreadable(what: string): Unreadable {
  return { kind: 'unreadable', reason: `Convoy answered with ${what}`, retryAfterMs: null };
}
