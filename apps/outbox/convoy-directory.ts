// Who receives what in a Convoy project: its endpoints with their owners, and which of them are subscribed. It reads only.
import { type ConvoyAccess, memberOf, type Unreadable } from './convoy.ts';
import { listConvoy } from './convoy-list.ts';

/** An endpoint as Convoy lists it. */
export interface ConvoyEndpoint {
  readonly uid: string;
  /** The business whose events it receives. */
  readonly owner: string;
  readonly url: string;
  /** `active`, `inactive` or `paused`; empty when Convoy does not say. */
  readonly status: string;
}

export type DirectoryAnswer =
  | {
      readonly kind: 'directory';
      readonly endpoints: readonly ConvoyEndpoint[];
      /** Ids of the endpoints that have a subscription. */
      readonly subscribed: ReadonlySet<string>;
    }
  | Unreadable;

/** Asks for every endpoint and every subscription of the project. Never throws. */
export async function askDirectory(access: ConvoyAccess): Promise<DirectoryAnswer> {
  const endpoints = await listConvoy(access, { path: '/endpoints' });
  if (endpoints.kind !== 'rows') return endpoints;
  const subscriptions = await listConvoy(access, { path: '/subscriptions' });
  if (subscriptions.kind !== 'rows') return subscriptions;
  const uids = subscriptions.rows.map((row) => memberOf(memberOf(row, 'endpoint_metadata'), 'uid'));
  return {
    kind: 'directory',
    endpoints: endpoints.rows.flatMap((row) => endpointOf(row) ?? []),
    subscribed: new Set(uids.filter((uid) => typeof uid === 'string')),
  };
}

/** The endpoint in a row of Convoy's, or null when it is none. */
export function endpointOf(row: unknown): ConvoyEndpoint | null {
  const [uid, owner] = [memberOf(row, 'uid'), memberOf(row, 'owner_id')];
  if (typeof uid !== 'string' || typeof owner !== 'string') return null;
  return {
    uid,
    owner,
    url: String(memberOf(row, 'url') ?? memberOf(row, 'target_url') ?? ''),
    status: String(memberOf(row, 'status') ?? ''),
  };
}
