// The endpoints of the project and which of them are subscribed. In memory: after a restart there are the businesses
// that the sandbox was started with, and no others.
import { createHash } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';

/** What subscribing came to. */
export type Subscribed = 'subscribed' | 'already' | 'unknown';

export interface EndpointBook {
  /** All, in the order of creation. */
  list(): readonly Endpoint[];
  /** Those of an owner, by exact match. */
  of(owner: string): readonly Endpoint[];
  /** Those of an owner that receive its events. */
  subscribed(owner: string): readonly Endpoint[];
  /** Nothing is unique, as in Convoy: adding the same twice makes two. Not subscribed yet. */
  add(endpoint: Omit<Endpoint, 'uid'>): Endpoint;
  /** The endpoints that are subscribed. */
  subscriptions(): readonly Endpoint[];
  subscribe(uid: string): Subscribed;
  /** Removes all of an owner's endpoints; returns how many. */
  remove(owner: string): number;
}

/** An empty book. */
export function createEndpointBook(): EndpointBook {
  const endpoints = new Map<string, Endpoint>();
  const subscriptions = new Set<string>();
  let made = 0;
  const of = (owner: string) => [...endpoints.values()].filter((endpoint) => endpoint.owner === owner);
  return {
    list: () => [...endpoints.values()],
    of,
    subscribed: (owner) => of(owner).filter(({ uid }) => subscriptions.has(uid)),
    subscriptions: () => [...endpoints.values()].filter(({ uid }) => subscriptions.has(uid)),
    add(given) {
      const endpoint = { ...given, uid: uidOf(given.owner, ++made) };
      endpoints.set(endpoint.uid, endpoint);
      return endpoint;
    },
    subscribe(uid) {
      if (!endpoints.has(uid)) return 'unknown';
      if (subscriptions.has(uid)) return 'already';
      subscriptions.add(uid);
      return 'subscribed';
    },
    remove(owner) {
      const removed = of(owner);
      for (const { uid } of removed) endpoints.delete(uid);
      return removed.length;
    },
  };
}

function uidOf(owner: string, nth: number): string {
  return createHash('sha256').update(`${owner} ${nth}`).digest('hex').slice(0, 26).toUpperCase();
}
