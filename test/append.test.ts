// Appending an event inside a real transaction: what is stored, what is refused, and that a refusal takes the business
// row with it.
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { append, type NewEvent } from '../apps/outbox/append.ts';
import { type DemoClient, openDemoClient } from '../apps/outbox/prisma-client.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

async function open() {
  const file = newDatabaseFile();
  const client = await openDemoClient({ url: file });
  onTestFinished(() => client.$disconnect());
  return { client, db: plainConnection(file) };
}

const event: NewEvent = { businessId: 'acme', eventType: 'invoice.created', payload: { n: 1 } };

class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}

function appendAlone(client: DemoClient, part: Partial<NewEvent>): Promise<string> {
  return client.$transaction((tx) => append(tx, { ...event, ...part }));
}

describe('append', () => {
  test('stores a complete pending event and returns the id that the database made', async () => {
    const { client, db } = await open();
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
    const { client, db } = await open();
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
    const { client, db } = await open();
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => appendAlone(client, { payload: { n } })),
    );
    expect(new Set(ids).size).toBe(20);
    expect(db.prepare('SELECT id FROM events ORDER BY seq').pluck().all().sort()).toEqual([...ids].sort());
  });

  test('stores headers, and the trace context among them', async () => {
    const { client, db } = await open();
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
    const { client, db } = await open();
    await appendAlone(client, { headers: { 'X-Tenant': 'a' }, traceparent });
    await appendAlone(client, { traceparent });
    const headers = db.prepare('SELECT headers FROM events ORDER BY seq').pluck().all();
    expect(headers).toEqual(['{"X-Tenant":"a"}', null]);
  });

  test('rolls the business row back when the event is refused', async () => {
    const { client, db } = await open();
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
    const { client, db } = await open();
    // @ts-expect-error a root client is no transaction, which the compiler says too
    await expect(append(client, event)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringContaining('give it the client that $transaction passes to its callback'),
    });
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  });
});

describe('append refuses', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const thrower = {
    toJSON() {
      throw new Error('no currency');
    },
  };
  let deep: object = {};
  for (let level = 0; level < 1_000; level++) deep = { deep };

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /payload is undefined, not a JSON object: wrap it in one/],
    ['null', null, /payload is null/],
    ['a string', '{"n":1}', /payload is a string/],
    ['a list', [1], /payload is a list/],
    ['a function', () => 1, /payload is a function/],
    ['a date', new Date(0), /does not become a JSON object/],
    ['a map', { lines: new Map([[1, 2]]) }, /a Map in "lines", which JSON turns into \{\}/],
    [
      'a date that is none',
      { paidAt: new Date('soon') },
      /a date that is none in "paidAt", which JSON turns into null/,
    ],
    [
      'bytes without a view',
      { scan: new ArrayBuffer(8) },
      /a ArrayBuffer in "scan", which JSON turns into \{\}/,
    ],
    [
      'an object of private members',
      { total: new Money(5) },
      /a Money in "total", which JSON turns into \{\}/,
    ],
    ['a list of parameters', { query: new URLSearchParams('a=1') }, /a URLSearchParams in "query"/],
    ['a promise', { total: Promise.resolve(1) }, /a Promise in "total".*await/],
    ['an error', { reason: new Error('x') }, /an? Error in "reason"/],
    ['NaN', { amount: Number.NaN }, /has NaN in "amount", which JSON turns into null/],
    ['infinity in a list', { amounts: [1, -1 / 0] }, /has -Infinity in "1"/],
    ['a function inside', { a: { b: () => 1 } }, /a function in "b"/],
    ['a symbol', { a: Symbol('x') }, /a symbol in "a"/],
    ['undefined in a list', { list: [undefined] }, /undefined in "0", which JSON turns into null/],
    ['a bigint', { amount: 10n }, /a bigint in "amount", which JSON cannot hold: send it as text/],
    ['a cycle', cyclic, /payload cannot be written as JSON \(.*circular/],
    ['a toJSON that throws', { price: thrower }, /payload cannot be written as JSON \(no currency\)/],
    ['more levels than SQLite stores', deep, /nests deeper than 1000 levels/],
    ['U+0000 in a key', { 'a\u0000': 1 }, /payload holds U\+0000/],
    ['more than 1 MiB', { text: 'x'.repeat(1_048_576) }, /payload is larger than 1048576 bytes/],
  ])('a payload of %s', async (_, payload, message) => {
    const { client, db } = await open();
    await expect(appendAlone(client, { payload: payload as object })).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringMatching(message),
    });
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  });

  test.each<[string, object, RegExp]>([
    ['a blank event type', { eventType: ' ' }, /event type is blank/],
    ['a missing business id', { businessId: undefined }, /businessId is not a string/],
    ['an illegal header name', { headers: { 'X Y': 'z' } }, /"X Y" is not a legal HTTP header name/],
    ['a header without a text', { headers: { 'X-Y': 1 } }, /the value of "X-Y" is not a string/],
    ['headers that are no object', { headers: 'X-Y: z' }, /headers: the object is a string/],
    [
      'a trace context given twice',
      {
        headers: { TraceParent: 'x' },
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      /traceparent is given twice/,
    ],
  ])('%s', async (_, part, message) => {
    const { client } = await open();
    await expect(appendAlone(client, part)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
