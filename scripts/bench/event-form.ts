// What an event of the benchmark looks like: an invoice of a handful of businesses whose request is about 600 bytes long.
// The same number makes the same event.

export interface FormedEvent {
  readonly businessId: string;
  readonly eventType: string;
  /** JSON text. */
  readonly payload: string;
}

/** As many businesses as the demo has; the owner guard asks Convoy about each. */
export const businessIds: readonly string[] = [1, 2, 3, 4, 5].map(
  (n) => `550e8400-e29b-41d4-a716-44665544000${n}`,
);

const description =
  'Consulting services in the third quarter, twelve days on site and four days of preparation, travel included, payable within thirty days of receipt without deduction';

/** The event of a number. */
export function formEvent(number: number): FormedEvent {
  const businessId = businessIds[number % businessIds.length] ?? '';
  const data = {
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    business_id: businessId,
    amount_minor: 10_000 + (number % 90_000),
    currency: 'USD',
    status: 'sent',
    description,
    created_at: '2026-01-01T00:00:00.000Z',
  };
  return {
    businessId,
    eventType: 'invoice.created',
    payload: JSON.stringify({ event_type: 'invoice.created', data }),
  };
}
