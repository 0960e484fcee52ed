// What append refuses, and that a refusal takes the business row with it.
import { describe, expect, test } from 'vitest';
import { append, type OutboxTransaction } from '../apps/outbox/append.ts';
import { appendAlone, event, openOutbox } from './append-rig.ts';

class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}

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
    const { client, db } = await openOutbox();
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
    const { client } = await openOutbox();
    await expect(appendAlone(client, part)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['no client', undefined, /append was given no client/],
    ['an event in its place', 'invoice.created', /append was given no client/],
    ['a client without the model', {}, /no model Event or OutboxEvent: add what "npx outbox schema" prints/],
  ])('%s', async (_, tx, message) => {
    await expect(append(tx as OutboxTransaction, event)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_EVENT_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
