// The transaction this project is about: an invoice and the webhook event it owes, both or neither. It retries nothing
// and logs nothing.
import { append } from '../outbox/append.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import type { DemoClient } from '../outbox/prisma-client.ts';
import type { Invoice } from './generate.ts';

/** What was committed. */
export interface Recorded {
  readonly eventId: string;
}

/**
 * Records an invoice and its `invoice.created` event in one transaction. Throws what either insert or the COMMIT throws;
 * then neither is there.
 */
export async function recordInvoice(client: DemoClient, invoice: Invoice): Promise<Recorded> {
  const { id, business, amountMinor, currency, status, description } = invoice;
  const eventId = await client.$transaction(async (tx) => {
    const { createdAt } = await tx.invoice.create({
      data: { id, businessId: business.id, amount: amountMinor, currency, status, description },
      select: { createdAt: true },
    });
    crashPoint('ingester:between-inserts');
    return append(tx, {
      businessId: business.id,
      eventType: 'invoice.created',
      payload: {
        event_type: 'invoice.created',
        data: {
          id,
          business_id: business.id,
          // An integer, named for its unit: a receiver can neither round it nor take cents for dollars.
          amount_minor: amountMinor,
          currency,
          status,
          description,
          created_at: createdAt.toISOString(),
        },
      },
    });
  });
  return { eventId };
}
