// The transaction of an application, as bare as it can be: an invoice and its event, by prepared statements. The demo's ingester
// does the same through Prisma.
import type { SqliteConnection } from '../../apps/outbox/sqlite/connection.ts';
import { formEvent } from './event-form.ts';

/** Prepares the inserts; the function it returns inserts one invoice with its event and returns the event's id. */
export function invoiceInsert(db: SqliteConnection): (number: number) => string {
  const invoice = db.prepare(
    `INSERT INTO invoices (id, business_id, amount, currency, status, description) VALUES (lower(hex(randomblob(16))), ?, 100, 'USD', 'sent', 'bench')`,
  );
  const event = db
    .prepare('INSERT INTO events (business_id, event_type, payload) VALUES (?, ?, ?) RETURNING id')
    .pluck();
  return (number) => {
    const { businessId, eventType, payload } = formEvent(number);
    invoice.run(businessId);
    return String(event.get(businessId, eventType, payload));
  };
}
