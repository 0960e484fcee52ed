// Holds what the outbox believes to be accepted in a period against what Convoy has stored, both ways. A key that the list lacks
// is looked for until now before it is called missing: a backlog in Convoy may have stored it long after the period.
import type { AcceptedEvent } from '../../../apps/outbox/audit-verbs.ts';
import type { StoredEvent } from '../../../apps/outbox/convoy-events.ts';
import { OutboxError } from '../../../apps/outbox/outbox-error.ts';
import type { OutboxStore } from '../../../apps/outbox/store.ts';
import type { LongWork } from '../long-work.ts';
import type { RowReader } from './convoy-rows.ts';

/** An event that something is the matter with. */
export interface Suspect {
  readonly key: string;
  /** When it was accepted here, epoch ms; null for one that is not known here. */
  readonly acceptedAtMs: number | null;
  /** Convoy's own words, where it has some. */
  readonly words: string;
}

export interface Reconciliation {
  /** Accepted in the period, as the outbox has it. */
  readonly accepted: number;
  /** Of these: stored, and deliveries created. */
  readonly delivering: number;
  /** Of these: stored a moment ago, and not through yet. */
  readonly inProgress: number;
  /** Accepted, and Convoy has nothing of them. */
  readonly missing: readonly Suspect[];
  /** Stored, and Convoy will not deliver them: failed, or given up. */
  readonly failed: readonly Suspect[];
  /** Stored in the period, and nothing here has such a key. */
  readonly extra: readonly Suspect[];
}

export interface ReconcileRequest {
  readonly store: OutboxStore;
  readonly gateway: string;
  readonly rows: RowReader;
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  readonly work: LongWork;
}

/** Convoy stores within seconds; the list is read so much further on either side. */
const overlapMs = 600_000;
/** Convoy tries for some four minutes (25 times, about 10 s apart), then gives up without a word. */
const givenUpAfterMs = 360_000;
/**
 * Convoy's clock is known to the second only. What was stored so long after the period counts as in it: its key decides whether it is
 * extra, not the moment.
 */
const clockToleranceMs = 2_000;
const pageEvents = 1_000;
/** One takes Convoy 6 to 60 ms. */
const mostLookups = 200;
/** Both sides are held in memory: some 200 MB. */
const mostRows = 1_000_000;

/** Throws ERR_OUTBOX_CONVOY when Convoy cannot be read, ERR_OUTBOX_CONFIG for a period that is too long. */
export async function reconcile(request: ReconcileRequest): Promise<Reconciliation> {
  const { fromMs, toMs, nowMs, work } = request;
  const stored = new Map<string, StoredEvent>();
  await readInto(stored, request, { fromMs: fromMs - overlapMs, toMs: toMs + overlapMs });
  const result = {
    accepted: 0,
    delivering: 0,
    inProgress: 0,
    missing: [] as Suspect[],
    failed: [] as Suspect[],
  };
  const unlisted: AcceptedEvent[] = [];
  for await (const event of acceptedIn(request)) {
    result.accepted += 1;
    const row = stored.get(event.key);
    if (row === undefined) unlisted.push(event);
    else judge(result, event, { row, nowMs });
    work.tell(result.accepted, Math.max(result.accepted, stored.size));
  }
  const extra = await extraIn(request, [...stored.values()]);
  const late = await storedLate(request, unlisted);
  for (const event of unlisted) judge(result, event, { row: late.get(event.key) ?? null, nowMs });
  return { ...result, extra };
}

async function readInto(
  stored: Map<string, StoredEvent>,
  { rows, work }: ReconcileRequest,
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  for await (const page of rows.between(span)) {
    for (const event of page) stored.set(event.key, event);
    work.tell(stored.size, null);
    if (stored.size > mostRows) throw tooLong();
  }
}

/** What the list of the period lacks: a few are asked for one by one, for more everything since then is read. */
async function storedLate(
  request: ReconcileRequest,
  unlisted: readonly AcceptedEvent[],
): Promise<ReadonlyMap<string, StoredEvent>> {
  const { rows, toMs, nowMs } = request;
  const late = new Map<string, StoredEvent>();
  if (unlisted.length > mostLookups) {
    await readInto(late, request, { fromMs: toMs, toMs: Math.max(toMs, nowMs) + overlapMs });
    return late;
  }
  for (const { key, acceptedAtMs } of unlisted) {
    const row = await rows.find(key, acceptedAtMs - overlapMs);
    if (row !== null) late.set(key, row);
  }
  return late;
}

function judge(
  result: { delivering: number; inProgress: number; missing: Suspect[]; failed: Suspect[] },
  { key, acceptedAtMs }: AcceptedEvent,
  { row, nowMs }: { readonly row: StoredEvent | null; readonly nowMs: number },
): void {
  if (row === null) {
    result.missing.push({ key, acceptedAtMs, words: 'Convoy has no such event' });
    return;
  }
  switch (row.state) {
    case 'delivering':
      result.delivering += 1;
      return;
    case 'in-progress':
      if (nowMs - row.storedAtMs < givenUpAfterMs) result.inProgress += 1;
      else result.failed.push({ key, acceptedAtMs, words: `${row.words}, for too long` });
      return;
    case 'failed':
      result.failed.push({ key, acceptedAtMs, words: row.words });
      return;
    default:
      return row.state satisfies never;
  }
}

/** In two runs, since confirmed and unconfirmed events stand in different indexes. */
async function* acceptedIn({
  store,
  gateway,
  fromMs,
  toMs,
  work,
}: ReconcileRequest): AsyncGenerator<AcceptedEvent> {
  for (const which of ['confirmed', 'unconfirmed'] as const) {
    for (let after = { acceptedAtMs: fromMs, seq: 0 }; !work.signal.aborted; ) {
      const page = await store.accepted({ gateway, which, after, beforeMs: toMs, limit: pageEvents });
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageEvents) break;
      after = last;
    }
  }
}

async function extraIn(
  { store, fromMs, toMs }: ReconcileRequest,
  stored: readonly StoredEvent[],
): Promise<readonly Suspect[]> {
  const endMs = toMs + clockToleranceMs;
  const inside = stored.filter(({ storedAtMs }) => storedAtMs >= fromMs && storedAtMs < endMs);
  const extra: Suspect[] = [];
  for (let from = 0; from < inside.length; from += pageEvents) {
    const page = inside.slice(from, from + pageEvents);
    const known = new Set(await store.known(page.map(({ key }) => key)));
    for (const { key, words } of page) if (!known.has(key)) extra.push({ key, acceptedAtMs: null, words });
  }
  return extra;
}

function tooLong(): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `there are more than ${mostRows} events in this period: choose a shorter one with --since and --until`,
  );
}
