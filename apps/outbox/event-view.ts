// An event as people see it, from a row of either engine. Pure.
import type { EventView } from './listing-verbs.ts';

/** A row of `events` as far as it is shown; each engine has its own form of an instant. */
export interface EventViewRow<Instant> {
  readonly seq: number;
  readonly id: string;
  readonly key_suffix: string;
  readonly business_id: string;
  readonly event_type: string;
  readonly status: EventView['status'];
  readonly created_at: Instant;
  readonly processed_at: Instant | null;
  readonly confirmed_at: Instant | null;
  readonly available_at: number;
  readonly lease_id: string | null;
  readonly attempts: number;
  readonly claims: number;
  readonly resends: number;
  readonly wait_reason: EventView['waitReason'];
  readonly gateway: string | null;
  readonly last_error: string | null;
}

/** The event in a row; `ms` turns an instant into epoch milliseconds. */
export function eventView<Instant>(row: EventViewRow<Instant>, ms: (instant: Instant) => number): EventView {
  return {
    seq: row.seq,
    id: row.id,
    keySuffix: row.key_suffix,
    businessId: row.business_id,
    eventType: row.event_type,
    status: row.status,
    createdAtMs: ms(row.created_at),
    processedAtMs: row.processed_at === null ? null : ms(row.processed_at),
    confirmedAtMs: row.confirmed_at === null ? null : ms(row.confirmed_at),
    availableAtMs: row.available_at,
    leasedBy: row.lease_id === null ? null : row.lease_id.slice(0, Math.max(0, row.lease_id.indexOf(':'))),
    attempts: row.attempts,
    claims: row.claims,
    resends: row.resends,
    waitReason: row.wait_reason,
    gateway: row.gateway,
    lastError: row.last_error,
  };
}
