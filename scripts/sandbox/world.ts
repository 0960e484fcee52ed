// What a route may touch: the sandbox's parts, put together in one place so that a new route needs no new wiring.
import type { Activity } from './activity.ts';
import type { EndpointBook } from './endpoint-book.ts';
import type { EventStore, PendingEvent } from './event-store.ts';
import type { FanoutEvent } from './fanout-body.ts';
import type { FaultBoard } from './fault-board.ts';
import type { Ledger } from './ledger.ts';
import type { ProjectBook, SandboxProject } from './project-book.ts';
import type { RateLimit, RateLimiter } from './rate-limit.ts';
import type { Exchange, Reply } from './reply.ts';

/** An accepted event with what its delivery needs. */
export interface AcceptedEvent extends PendingEvent {
  readonly posted: FanoutEvent;
}

export interface World {
  readonly apiKey: string;
  readonly projects: ProjectBook;
  readonly endpoints: EndpointBook;
  readonly ledger: Ledger;
  readonly store: EventStore<AcceptedEvent>;
  readonly faults: FaultBoard;
  readonly rateLimit: RateLimit;
  readonly limiters: Readonly<Record<Traffic, RateLimiter>>;
  readonly activity: Activity;
  /** The sandbox's time, epoch milliseconds. */
  readonly nowMs: () => number;
  /** How long a body may pause before the request is given up. */
  readonly bodyStallMs: number;
  /** True once `close` was called: connections that end now were not left by their clients. */
  isClosing: boolean;
}

/** Posted events and everything else: each has a rate limit and faults of its own. */
export type Traffic = 'events' | 'reads';

/** What a request asks for, apart from its body. */
export interface Query {
  readonly parameters: URLSearchParams;
  /** That of the key or, with a person's key, the one in the path. */
  readonly project: SandboxProject;
}

/** What a request that changes something brings: its JSON body, or undefined when that is none. */
export interface Command {
  readonly body: unknown;
}

/** A route of the API; the checks before the body have passed when it is called. */
export type Route =
  | {
      readonly kind: 'read';
      readonly method: 'GET';
      /** Finds the reply; faults are applied to it afterwards. */
      readonly answer: (query: Query, world: World) => Reply;
    }
  | {
      readonly kind: 'write';
      readonly method: 'POST';
      /** Does it and says so; faults are applied to the reply afterwards. */
      readonly answer: (command: Command, world: World) => Reply;
    }
  | {
      readonly kind: 'event';
      readonly method: 'POST';
      /** Reads the body, meets the faults and replies, all by itself. */
      readonly handle: (exchange: Exchange, world: World) => Promise<void>;
    };
