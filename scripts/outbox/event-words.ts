// An event in words: what became of it, and its line in a list. Pure.
import type { EventView } from '../../apps/outbox/listing-verbs.ts';
import type { LogRecord } from '../../apps/outbox/overview-verbs.ts';
import type { FormerAcceptance } from '../../apps/outbox/redriven.ts';
import type { Column } from './table.ts';
import { plainText, spanText } from './wording.ts';

/** What an event is doing now. */
export function stateWord(event: EventView, nowMs: number): string {
  switch (event.status) {
    case 'pending':
      if (event.leasedBy !== null) return `leased by ${event.leasedBy}`;
      if (event.availableAtMs <= nowMs) return 'due';
      return `waits ${spanText(event.availableAtMs - nowMs)} (${event.waitReason ?? 'scheduled'})`;
    case 'processed':
      if (event.confirmedAtMs !== null) return 'confirmed';
      return event.lastError === null ? 'accepted' : 'undelivered';
    case 'dead':
    case 'discarded':
      return event.status;
    default:
      return event.status satisfies never;
  }
}

/** The idempotency key. */
export function keyOf({ id, keySuffix }: Pick<EventView, 'id' | 'keySuffix'>): string {
  return id + keySuffix;
}

/** What a `redriven` record keeps of the acceptance that the event of this `seq` had before; null when it keeps nothing readable. */
export function formerAcceptance({ kind, detail }: LogRecord, seq: number) {
  if (kind !== 'redriven' || !Array.isArray(detail.accepted)) return null;
  const entries: readonly (Partial<FormerAcceptance> | null)[] = detail.accepted;
  const entry = entries.find((one) => one?.seq === seq);
  const acceptedAtMs = Date.parse(String(entry?.processed_at));
  if (!entry || Number.isNaN(acceptedAtMs)) return null;
  const confirmedAtMs = Date.parse(String(entry.confirmed_at));
  return {
    key: String(entry.key),
    gateway: typeof entry.gateway === 'string' ? entry.gateway : null,
    /** Epoch ms, as the other one. */
    acceptedAtMs,
    confirmedAtMs: Number.isNaN(confirmedAtMs) ? null : confirmedAtMs,
  };
}

export const eventColumns: readonly Column[] = [
  { title: 'EVENT' },
  { title: 'AGE', align: 'right' },
  { title: 'STATE' },
  { title: 'TYPE' },
  { title: 'BUSINESS' },
  { title: 'TRIES', align: 'right' },
  { title: 'LAST ERROR' },
];

/** Its cells under `eventColumns`. */
export function eventCells(event: EventView, nowMs: number): readonly string[] {
  return [
    keyOf(event),
    spanText(nowMs - event.createdAtMs),
    stateWord(event, nowMs),
    event.eventType,
    event.businessId,
    String(event.attempts),
    event.lastError ?? '',
  ].map(plainText);
}
