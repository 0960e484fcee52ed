// What redrive and discard have in common: which events, a look before, a question, then a few at a time at a bounded rate.
// Either every event that was named can be decided on, or nothing is changed.
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import type { EventFilter, EventView } from '../../apps/outbox/listing-verbs.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import type { LongWork } from './long-work.ts';
import { unknownEvent } from './show.ts';

/** The events that a person meant. */
export type Targets =
  | { readonly kind: 'events'; readonly events: readonly EventView[] }
  /** Those that match and are not younger than the newest at the time of asking. */
  | {
      readonly kind: 'filter';
      readonly filter: EventFilter;
      readonly newestSeq: number;
      readonly total: number;
    };

/** Read at a time; each read may have to look at a whole index. */
const pageEvents = 5_000;
/** Moved in one transaction, so that the applications' writes are not held up. */
const batchEvents = 200;
/** After each of them others get their turn at the write lock. */
const shortestPauseMs = 5;

/**
 * The events with these ids or keys. Throws ERR_OUTBOX_NO_EVENT when one is unknown, or `reasonAgainst` says why not.
 */
export async function namedEvents(
  store: OutboxStore,
  ids: readonly string[],
  reasonAgainst: (event: EventView) => string | null,
): Promise<Targets> {
  const events: EventView[] = [];
  for (const id of new Set(ids)) {
    const life = await store.find(id);
    if (life === null) throw unknownEvent(id);
    const reason = reasonAgainst(life.event);
    if (reason !== null) throw new OutboxError('ERR_OUTBOX_NO_EVENT', `${id} ${reason}. Nothing was changed`);
    events.push(life.event);
  }
  return { kind: 'events', events };
}

/** The events that match. Throws ERR_OUTBOX_NO_EVENT when there are none. */
export async function matchingEvents(
  store: OutboxStore,
  filter: EventFilter,
  text: string,
): Promise<Targets> {
  const nowMs = systemClock.nowMs();
  const [newest] = await store.list({ filter, order: 'newest', beyondSeq: null, limit: 1, nowMs });
  if (newest === undefined) {
    // Whoever named no state must not read this as "there is none".
    const unsaid = /--(?:dead|state|accepted-by)\b/.test(text) ? '' : ` in the state ${filter.state}`;
    throw new OutboxError(
      'ERR_OUTBOX_NO_EVENT',
      `no event${unsaid} matches ${text}: nothing was changed${unsaid === '' ? '' : '. --state names another state'}`,
    );
  }
  return { kind: 'filter', filter, newestSeq: newest.seq, total: await store.count({ filter, nowMs }) };
}

export function totalOf(targets: Targets): number {
  return targets.kind === 'events' ? targets.events.length : targets.total;
}

/** The first few, for a look before the question. */
export async function sampleOf(store: OutboxStore, targets: Targets): Promise<readonly EventView[]> {
  if (targets.kind === 'events') return targets.events.slice(0, 10);
  const { filter } = targets;
  return store.list({ filter, order: 'oldest', beyondSeq: null, limit: 10, nowMs: systemClock.nowMs() });
}

/**
 * Hands the events to `act`, oldest first, at most `perSecond` of them (0: as fast as it goes), until there are no more or
 * the work is interrupted. Returns how many changed; what changed meanwhile by itself is left alone.
 */
export async function decide(request: {
  readonly store: OutboxStore;
  readonly targets: Targets;
  readonly perSecond: number;
  readonly work: LongWork;
  readonly act: (events: readonly EventView[]) => Promise<readonly number[]>;
}): Promise<number> {
  const { store, targets, perSecond, work, act } = request;
  const startMs = systemClock.monotonicMs();
  const total = totalOf(targets);
  let [seen, changed] = [0, 0];
  for await (const events of batchesOf(store, targets, sizeOfBatch(perSecond))) {
    if (work.signal.aborted) break;
    changed += (await act(events)).length;
    seen += events.length;
    work.tell(seen, Math.max(seen, total));
    const dueMs = perSecond === 0 ? 0 : startMs + (seen / perSecond) * 1_000 - systemClock.monotonicMs();
    if (seen < total) await sleep(systemClock, Math.max(shortestPauseMs, dueMs), work.signal);
  }
  return changed;
}

/** At a low rate small batches, so that the rate is kept within a tenth of a second. */
function sizeOfBatch(perSecond: number): number {
  return perSecond === 0 ? batchEvents : Math.min(batchEvents, Math.max(1, Math.floor(perSecond / 10)));
}

async function* batchesOf(
  store: OutboxStore,
  targets: Targets,
  size: number,
): AsyncGenerator<readonly EventView[]> {
  for await (const page of pagesOf(store, targets)) {
    for (let from = 0; from < page.length; from += size) yield page.slice(from, from + size);
  }
}

async function* pagesOf(store: OutboxStore, targets: Targets): AsyncGenerator<readonly EventView[]> {
  if (targets.kind === 'events') return yield targets.events;
  for (let beyondSeq: number | null = null; ; ) {
    const page: readonly EventView[] = await store.list({
      filter: targets.filter,
      order: 'oldest',
      beyondSeq,
      limit: pageEvents,
      nowMs: systemClock.nowMs(),
    });
    yield page.filter(({ seq }) => seq <= targets.newestSeq);
    beyondSeq = page.at(-1)?.seq ?? null;
    if (page.length < pageEvents || beyondSeq === null || beyondSeq >= targets.newestSeq) return;
  }
}
