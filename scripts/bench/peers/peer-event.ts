// The benchmark's events as the peers store them: the same as those of the outbox, with a key of the same length.
import { randomUUID } from 'node:crypto';
import { formEvent } from '../event-form.ts';
import type { PeerEvent } from './peer.ts';

/** The event of a number, with a new key. */
export function formPeerEvent(number: number): PeerEvent {
  const { businessId, eventType, payload } = formEvent(number);
  return {
    owner_id: businessId,
    event_type: eventType,
    idempotency_key: randomUUID(),
    data: JSON.parse(payload),
  };
}

export function formPeerEvents(count: number): readonly PeerEvent[] {
  return Array.from({ length: count }, (_, number) => formPeerEvent(number));
}
