// The whole life of many events, as fast as a server lets them through: appended, claimed, settled, read back, deleted, by the verbs of the
// store that a relayer calls. No relayer and no gateway: with them fewer events would go through, and the tables would see the same statements.
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../apps/outbox/clock.ts';
import { leaseIds } from '../../apps/outbox/lease-id.ts';
import type { PostgresConnection } from '../../apps/outbox/postgres/connection.ts';
import { postgresStore } from '../../apps/outbox/postgres/store.ts';
import type { OutboxStore, Settlement } from '../../apps/outbox/store.ts';
import { businessIds, formEvent } from './event-form.ts';
import { pause } from './patience.ts';

/** How many events have come so far. */
export interface Passed {
  appended: number;
  processed: number;
  confirmed: number;
  pruned: number;
}

export interface LifeOptions {
  readonly connection: PostgresConnection;
  /** How long an event is kept after it was accepted. */
  readonly keptMs: number;
  /** Appended at most; null appends as long as few wait. */
  readonly perSecond: number | null;
  /** Ends it. */
  readonly over: AbortSignal;
}

/** Turns that go on side by side, as with so many relayers. */
const loops = 3;
/** As a relayer has them by default. */
const slots = 64;
const leaseMs = 30_000;
const gateway = 'http://bench/projects/bench';
/** An application's commits between two of ours. */
const perInsert = 50;
/** Appending waits when so many wait: it is no backlog that is measured. */
const mostWaiting = 2_000;
const perConfirm = 500;
/** As in retention.ts. */
const perPrune = 200;
const restMs = 20;

/** Runs until `over` aborts, then ends what it is at. `passed` is counted up meanwhile. */
export async function liveThrough(options: LifeOptions, passed: Passed): Promise<void> {
  const store = postgresStore(options.connection);
  const turns = Array.from({ length: loops }, (_, index) => turn(store, options, { passed, index }));
  await Promise.all([
    append(options, passed),
    ...turns,
    confirm(store, options, passed),
    prune(store, options, passed),
  ]);
}

async function append({ connection, perSecond, over }: LifeOptions, passed: Passed): Promise<void> {
  const form = Array.from({ length: perInsert }, (_, n) => formEvent(n));
  const values = [
    form.map((_, n) => businessIds[n % businessIds.length]),
    form.map(({ eventType }) => eventType),
    form.map(({ payload }) => payload),
  ];
  const startMs = systemClock.monotonicMs();
  const dueBy = (ms: number) => (perSecond === null ? Number.POSITIVE_INFINITY : (ms * perSecond) / 1_000);
  while (!over.aborted) {
    const isAhead = passed.appended > dueBy(systemClock.monotonicMs() - startMs);
    if (isAhead || passed.appended - passed.processed > mostWaiting) {
      await rest(1);
      continue;
    }
    await connection.run(
      `INSERT INTO events (business_id, event_type, payload) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`,
      values,
    );
    passed.appended += perInsert;
  }
}

async function turn(
  store: OutboxStore,
  { over }: LifeOptions,
  { passed, index }: { readonly passed: Passed; readonly index: number },
): Promise<void> {
  const nextLease = leaseIds({ slot: String(index).padStart(2, '0'), token: 'bench' });
  let settlements: readonly Settlement[] = [];
  while (!over.aborted || settlements.length > 0) {
    const nowMs = systemClock.nowMs();
    const claim = {
      ...{ slots, leaseId: nextLease(), leaseEndsAtMs: nowMs + leaseMs },
      ...{ dueByMs: nowMs, exceptSeqs: [] },
    };
    const { claimed } = await store.turn({ settlements, claim: over.aborted ? null : claim, nowMs });
    passed.processed += settlements.length;
    settlements = claimed.map(({ seq, leaseId }) => ({ kind: 'processed', seq, leaseId, gateway }));
    if (claimed.length === 0 && !over.aborted) await rest(1);
  }
}

/** What was accepted a moment ago, in the order of acceptance. */
async function confirm(store: OutboxStore, { over, keptMs }: LifeOptions, passed: Passed): Promise<void> {
  let after = { acceptedAtMs: 0, seq: 0 };
  while (!over.aborted) {
    const nowMs = systemClock.nowMs();
    const events = await store.unconfirmed({
      ...{ gateway, after, untilMs: nowMs - keptMs / 10, limit: perConfirm },
    });
    const last = events.at(-1);
    if (last === undefined) {
      await rest(restMs);
      continue;
    }
    after = { acceptedAtMs: last.acceptedAtMs, seq: last.seq };
    passed.confirmed += (await store.confirm({ gateway, keys: events.map(({ key }) => key), nowMs })).events;
  }
}

async function prune(store: OutboxStore, { over, keptMs }: LifeOptions, passed: Passed): Promise<void> {
  while (!over.aborted) {
    const beforeMs = systemClock.nowMs() - keptMs;
    const deleted = await store.prune({ beforeMs, limit: perPrune, which: 'confirmed' });
    passed.pruned += deleted;
    if (deleted < perPrune) await rest(restMs);
  }
}

const never = new AbortController().signal;

/** Its end is asked for between two steps. */
async function rest(delayMs: number): Promise<void> {
  if (delayMs <= 0) await setImmediate();
  else await pause(delayMs, never);
}
