// Appending an event inside a real transaction: what is stored.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { append } from '../apps/outbox/append.ts';
import { appendAlone, event, openOutbox } from './append-rig.ts';

describe('append', () => {
  test('stores a complete pending event and returns the id that the database made', async () => {
    const { client, db } = await openOutbox();
    const id = await appendAlone(client, { payload: { text: 'Größe 😀', list: [1, null], left: undefined } });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(db.prepare('SELECT * FROM events').all()).toEqual([
      expect.objectContaining({
        id,
        business_id: 'acme',
        event_type: 'invoice.created',
        payload: '{"text":"Größe 😀","list":[1,null]}',
        headers: null,
        status: 'pending',
        available_at: 0,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/),
      }),
    ]);
  });

  test('takes what JSON can say, from classes and other realms too', async () => {
    const { client, db } = await openOutbox();
    const foreign = runInNewContext('({ empty: {}, list: [], none: null })') as object;
    const payload = {
      ...foreign,
      at: new Date(0),
      bare: Object.create(null),
      price: { toJSON: () => '1.10' },
    };
    await appendAlone(client, { payload });
    expect(db.prepare('SELECT payload FROM events').pluck().get()).toBe(
      '{"empty":{},"list":[],"none":null,"at":"1970-01-01T00:00:00.000Z","bare":{},"price":"1.10"}',
    );
  });

  test('keeps the order of the commits and never repeats an id', async () => {
    const { client, db } = await openOutbox();
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => appendAlone(client, { payload: { n } })),
    );
    expect(new Set(ids).size).toBe(20);
    expect(db.prepare('SELECT id FROM events ORDER BY seq').pluck().all().sort()).toEqual([...ids].sort());
  });

  test('stores headers, and the trace context among them', async () => {
    const { client, db } = await openOutbox();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await appendAlone(client, { headers: { 'X-Tenant': 'a' }, traceparent });
    await appendAlone(client, { traceparent });
    await appendAlone(client, { headers: { 'X-Tenant': 'b' } });
    expect(db.prepare('SELECT headers FROM events ORDER BY seq').pluck().all()).toEqual([
      `{"X-Tenant":"a","traceparent":"${traceparent}"}`,
      `{"traceparent":"${traceparent}"}`,
      '{"X-Tenant":"b"}',
    ]);
  });

  test.each([
    'nonsense',
    '00-1-2-03',
    `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
    `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`,
    ['00-1', '00-2'],
  ])('leaves out a trace context that is none, and keeps the event: %s', async (traceparent) => {
    const { client, db } = await openOutbox();
    await appendAlone(client, { headers: { 'X-Tenant': 'a' }, traceparent });
    await appendAlone(client, { traceparent });
    const headers = db.prepare('SELECT headers FROM events ORDER BY seq').pluck().all();
    expect(headers).toEqual(['{"X-Tenant":"a"}', null]);
  });

  test('rolls the business row back when the event is refused', async () => {
    const { client, db } = await openOutbox();
    const outcome = client.$transaction(async (tx) => {
      await tx.invoice.create({
        data: { id: 'i', businessId: 'b', amount: 1, currency: 'EUR', status: 'draft', description: '' },
      });
      await append(tx, { ...event, payload: { text: 'cut off \ud83d' } });
    });
    await expect(outcome).rejects.toMatchObject({
      name: 'OutboxError',
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringMatching(
        /^the event was refused: payload holds half of a surrogate pair.*: repair/,
      ),
    });
    expect(db.prepare('SELECT count(*) FROM invoices').pluck().get()).toBe(0);
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  });

  test('refuses the root client, which would commit the event alone', async () => {
    const { client, db } = await openOutbox();
    // @ts-expect-error a root client is no transaction, which the compiler says too
    await expect(append(client, event)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringContaining('give it the client that $transaction passes to its callback'),
    });
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  });
});
