// The whole table against the model, column by column.
import assert from 'node:assert/strict';
import { isoText } from '../../apps/outbox/clock.ts';
import type { EventRow } from '../outbox-database.ts';
import { type ModelEvent, suffixOf } from './model-event.ts';
import type { StoreModel } from './store-model.ts';

/** Throws, with both versions, when a row is not as the model has it. */
export function assertSameTable(model: StoreModel, rows: readonly EventRow[]): void {
  const expected = [...model.events.values()].map(rowOf);
  assert.deepEqual(rows.map(comparedPart), expected, 'the table differs from the model');
}

function rowOf(event: ModelEvent) {
  return {
    seq: event.seq,
    status: event.status,
    key_suffix: suffixOf(event),
    available_at: event.availableAtMs,
    lease_id: event.leaseId,
    attempts: event.attempts,
    claims: event.claims,
    wait_reason: event.waitReason,
    gateway: event.gateway,
    last_error: event.lastError,
    processed_at: event.processedAtMs === null ? null : isoText(event.processedAtMs),
    confirmed_at: null,
  };
}

function comparedPart(row: EventRow) {
  const { seq, status, available_at, lease_id, attempts, claims, wait_reason } = row;
  const { key_suffix } = row;
  const { gateway, last_error, processed_at, confirmed_at } = row;
  return {
    ...{ seq, status, key_suffix, available_at, lease_id, attempts, claims, wait_reason },
    ...{ gateway, last_error, processed_at, confirmed_at },
  };
}
