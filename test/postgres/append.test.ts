// The promise on PostgreSQL: an invoice and its event are committed together or not at all, an INSERT by hand is a whole event, and a
// commit wakes whoever listens.
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { recordInvoice } from '../../apps/ingester/record.ts';
import { append } from '../../apps/outbox/append.ts';
import { openDemoClient } from '../../apps/outbox/prisma-client.ts';
import { asleepOn, describeOnPostgres, insertPostgresEvent, newOutbox } from '../postgres-database.ts';

const invoice = {
  ...{ id: 'i-1', business: { id: 'acme', name: 'Acme' }, amountMinor: 1250 },
  ...{ currency: 'EUR', status: 'open', description: 'Hosting' },
};

async function openOutbox() {
  const { url, client: db } = await newOutbox();
  const client = await openDemoClient({ url });
  onTestFinished(() => client.$disconnect());
  const rows = async (table: string) => (await db.query(`SELECT * FROM ${table}`)).rows;
  return { url, db, client, rows };
}

/** A connection that listens, and what it has heard of that server process: other tests commit in the same database. */
async function listener(url: string, pid: number) {
  const connection = new pg.Client({ connectionString: url });
  await connection.connect();
  onTestFinished(() => connection.end());
  const heard: string[] = [];
  connection.on('notification', ({ channel, processId }) => {
    if (processId === pid) heard.push(channel);
  });
  await connection.query('LISTEN outbox_events; LISTEN end_of_test');
  return heard;
}

describeOnPostgres('an invoice and its event', () => {
  test('are committed together', async () => {
    const { client, rows } = await openOutbox();
    const { eventId } = await recordInvoice(client, invoice);
    expect(await rows('invoices')).toMatchObject([{ id: 'i-1', amount: 1250 }]);
    const [event] = await rows('events');
    expect(event).toMatchObject({ id: eventId, business_id: 'acme', status: 'pending', available_at: 0 });
    expect(JSON.parse(event.payload)).toMatchObject({ event_type: 'invoice.created', data: { id: 'i-1' } });
  });

  test('are rolled back together when the business fails after both', async () => {
    const { client, rows } = await openOutbox();
    await recordInvoice(client, invoice);
    await expect(recordInvoice(client, invoice)).rejects.toMatchObject({ code: 'P2002' });
    expect([await rows('invoices'), await rows('events')]).toMatchObject([[{}], [{}]]);
  });

  test('are rolled back together when the event is refused, by us or by the table', async () => {
    const { client, db, rows } = await openOutbox();
    const write = (eventType: string) =>
      client.$transaction(async (tx) => {
        await tx.invoice.create({
          data: {
            id: 'i-2',
            businessId: 'acme',
            amount: 1,
            currency: 'EUR',
            status: 'open',
            description: '',
          },
          select: { createdAt: true },
        });
        return append(tx, { businessId: 'acme', eventType, payload: {} });
      });
    await expect(write(' ')).rejects.toMatchObject({ code: 'ERR_OUTBOX_EVENT_INVALID' });
    await db.query(`ALTER TABLE events ADD CONSTRAINT no_more CHECK (event_type <> 'closed')`);
    await expect(write('closed')).rejects.toThrow(/no_more/);
    expect([await rows('invoices'), await rows('events')]).toEqual([[], []]);
  });
});

describeOnPostgres('an INSERT by hand', () => {
  test('is a complete event, with a UUIDv7 of its moment', async () => {
    const { db, rows } = await openOutbox();
    await insertPostgresEvent(db);
    const [row] = await rows('events');
    expect(row.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(row.id.replaceAll('-', '').slice(0, 12), 16)).toBe(row.created_at.getTime());
    expect(row).toMatchObject({ seq: 1, key_suffix: '', status: 'pending', attempts: 0, claims: 0 });
  });
});

describeOnPostgres('whoever listens', () => {
  test('hears of no commit while nobody sleeps', async () => {
    const { url, db } = await openOutbox();
    const { rows } = await db.query('SELECT pg_backend_pid() AS pid');
    const heard = await listener(url, rows[0].pid);
    await insertPostgresEvent(db);
    await db.query('NOTIFY end_of_test');
    await expect.poll(() => heard).toEqual(['end_of_test']);
  });

  test('hears, while somebody sleeps, of a commit, once per transaction, and of no rollback', async () => {
    const { url, db } = await openOutbox();
    const { rows } = await db.query('SELECT pg_backend_pid() AS pid');
    const heard = await listener(url, rows[0].pid);
    await asleepOn(url);
    await insertPostgresEvent(db);
    await db.query('BEGIN');
    await insertPostgresEvent(db);
    await insertPostgresEvent(db);
    await db.query('COMMIT; BEGIN');
    await insertPostgresEvent(db);
    await db.query('ROLLBACK');
    await db.query('NOTIFY end_of_test');
    await expect.poll(() => heard.at(-1)).toBe('end_of_test');
    expect(heard).toEqual(['outbox_events', 'outbox_events', 'end_of_test']);
  });
});
