// The benchmark's side of its gateway process: starts it, asks it what it has seen, and ends it.
import { type ChildAnswer, ChildLink, type ChildOptions } from './child-link.ts';
import type { Connection } from './gateway.ts';
import type { StoredEvents } from './stored-list.ts';
import type { Arrival, Counts } from './tally.ts';

/** What a gateway process can be asked. */
export type GatewayQuestion = { readonly id: number } & (
  | { readonly kind: 'counts' | 'arrivals' | 'connections' | 'shares' | 'reset' }
  /** Answered as soon as so many different events have been accepted. */
  | { readonly kind: 'accepted'; readonly events: number }
  | { readonly kind: 'answer-after'; readonly latencyMs: number }
  | { readonly kind: 'has-stored'; readonly events: StoredEvents | null }
);

export type GatewayAnswer = ChildAnswer;

export interface GatewayLink {
  /** Ends in `/api`. */
  readonly baseUrl: string;
  counts(): Promise<Counts>;
  arrivals(): Promise<readonly Arrival[]>;
  connections(): Promise<readonly Connection[]>;
  /** How many events came first from whom, by API key. */
  shares(): Promise<Readonly<Record<string, number>>>;
  reset(): Promise<void>;
  /** Resolves once so many different events have been accepted since the last reset. */
  accepted(events: number): Promise<void>;
  /** From now on an answer to an event takes so long. */
  answerAfter(latencyMs: number): Promise<void>;
  /** From now on it lists these when it is asked what it has stored; null lists nothing. */
  hasStored(events: StoredEvents | null): Promise<void>;
  end(): Promise<void>;
}

/** Starts a gateway on a free port. */
export async function startGateway(
  options: Omit<ChildOptions, 'script' | 'args'> & { readonly latencyMs: number },
): Promise<GatewayLink> {
  const link = new ChildLink({
    ...options,
    script: 'scripts/bench/gateway-main.js',
    args: [String(options.latencyMs)],
  });
  const port = await link.ready<number>();
  const tell = (order: Readonly<Record<string, unknown>> & { readonly kind: string }) =>
    link.ask<void>(order);
  return {
    baseUrl: `http://127.0.0.1:${port}/api`,
    counts: () => link.ask({ kind: 'counts' }),
    arrivals: () => link.ask({ kind: 'arrivals' }),
    connections: () => link.ask({ kind: 'connections' }),
    shares: () => link.ask({ kind: 'shares' }),
    reset: () => link.ask({ kind: 'reset' }),
    accepted: (events) => tell({ kind: 'accepted', events }),
    answerAfter: (latencyMs) => tell({ kind: 'answer-after', latencyMs }),
    hasStored: (events) => tell({ kind: 'has-stored', events }),
    end: () => link.end(),
  };
}
