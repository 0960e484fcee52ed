// The steps that the store contract's cases are made of, and what a database must offer to be held to it.
import { leaseIds } from '../apps/outbox/lease-id.ts';
import type { EventView } from '../apps/outbox/listing-verbs.ts';
import type { ClaimedEvent, ClaimRequest, OutboxStore, Settlement } from '../apps/outbox/store.ts';
import type { EventColumns, EventRow } from './outbox-database.ts';

/** One new, empty database of the kind under test. */
export interface ContractDatabase {
  /** A store on a connection of its own. */
  open(): Promise<OutboxStore>;
  /** Inserts an event; what is not given is left to the database's defaults. Returns its seq. */
  append(columns?: EventColumns): Promise<number>;
  /** Its row, or null when it was deleted. */
  read(seq: number): Promise<EventRow | null>;
  /** Puts text that is no JSON into a payload, past every check of the schema. */
  spoilPayload(seq: number): Promise<void>;
}

/** Makes a database; whatever it opens is closed and removed when the test has finished. */
export type CreateDatabase = () => Promise<ContractDatabase>;

/** The instant at which the suite plays. */
export const startMs = Date.UTC(2026, 0, 1, 12);
/** The lease that claims of this suite get. */
export const leaseMs = 30_000;

let holders = 0;

/** Claims as a relayer would: with a lease id never used before. */
export function claimer(store: OutboxStore, slot = '00') {
  holders += 1;
  const nextLeaseId = leaseIds({ slot, token: `holder${holders}` });
  return async (request: Partial<ClaimRequest> = {}, nowMs = startMs): Promise<readonly ClaimedEvent[]> => {
    const claim: ClaimRequest = {
      slots: 100,
      leaseId: nextLeaseId(),
      leaseEndsAtMs: nowMs + leaseMs,
      dueByMs: nowMs,
      exceptSeqs: [],
      ...request,
    };
    return (await store.turn({ settlements: [], claim, nowMs })).claimed;
  };
}

/** Claims exactly one event and returns it. */
export async function claimOne(store: OutboxStore, slot = '00', nowMs = startMs): Promise<ClaimedEvent> {
  const [event] = await claimer(store, slot)({ slots: 1 }, nowMs);
  if (event === undefined) throw new Error('nothing was due');
  return event;
}

/** The events with these ids or keys, as a person would see them. */
export async function seen(store: OutboxStore, ...ids: readonly string[]): Promise<readonly EventView[]> {
  const found = await Promise.all(ids.map((id) => store.find(id)));
  return found.map((life) => {
    if (life === null) throw new Error(`one of ${ids} is not there`);
    return life.event;
  });
}

/** Settles and returns what was lost. */
export async function settle(
  store: OutboxStore,
  settlements: readonly Settlement[],
  nowMs = startMs,
): Promise<readonly Settlement[]> {
  return (await store.turn({ settlements, claim: null, nowMs })).lost;
}

/** One settlement of each kind for a claimed event. */
export function settlementsOf({ seq, leaseId }: Pick<ClaimedEvent, 'seq' | 'leaseId'>) {
  const held = { seq, leaseId };
  const availableAtMs = startMs + 5_000;
  return {
    processed: { ...held, kind: 'processed', gateway: 'https://convoy.test/api/v1/projects/p' },
    retry: { ...held, kind: 'retry', availableAtMs, error: 'HTTP 400: no' },
    dead: { ...held, kind: 'dead', error: 'HTTP 400: never', countsAttempt: true },
    released: {
      ...held,
      kind: 'released',
      availableAtMs,
      waitReason: 'gateway',
      error: 'HTTP 500',
      claim: 'answered',
    },
    unsent: {
      ...held,
      kind: 'released',
      availableAtMs: 0,
      waitReason: null,
      error: null,
      claim: 'unsent',
    },
  } as const satisfies Record<string, Settlement>;
}
