// Events that pass every CHECK of the table and can never be delivered: Convoy would answer 201 and drop them. Each must
// end dead before it is sent, with a reason.
import type { PlainEvent } from './facts.ts';

/** One kind of poison. */
export interface Poison {
  readonly what: string;
  readonly weight: number;
  readonly event: PlainEvent;
}

const harmless: PlainEvent = {
  businessId: '550e8400-e29b-41d4-a716-446655440000',
  eventType: 'chaos.poison',
  payload: '{"event_type":"chaos.poison"}',
  headers: null,
};

function poison(what: string, spoilt: Partial<PlainEvent>): Poison {
  return { what, weight: 1, event: { ...harmless, ...spoilt } };
}

export const poisons: readonly Poison[] = [
  poison('a header name with a blank', { headers: '{"bad name":"x"}' }),
  poison('a header value with a line break', { headers: '{"x-note":"one\\r\\nX-Two: two"}' }),
  poison('a header of Convoy itself', { headers: '{"X-Convoy-Signature":"forged"}' }),
  poison('a header that is no text', { headers: '{"x-note":1}' }),
  poison('U+0000 in the payload', { payload: '{"text":"a\\u0000b"}' }),
  poison('half a surrogate pair', { payload: '{"text":"\\ud83d"}' }),
  poison('a number without bounds', { payload: '{"amount":1e999999}' }),
  poison('a line break in the event type', { eventType: 'chaos\npoison' }),
  poison('a control character in the business id', { businessId: 'acme\u0001' }),
];
