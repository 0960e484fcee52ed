// The contract of looking for events: filters, order, pages, and the life of one.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { EventFilter, ListRequest } from '../apps/outbox/listing-verbs.ts';
import type { EventColumns } from './outbox-database.ts';
import { type CreateDatabase, claimer, seen, startMs } from './store-contract-steps.ts';

const nowMs = startMs;
const gateway = 'https://a.test/api/v1/projects/p';
const done = { status: 'processed', processed_at: isoText(nowMs), gateway };
const at = (agoMs: number) => ({ created_at: isoText(nowMs - agoMs) });

/** One event of every kind that a filter tells apart; the first ones are the newest by `created_at`. */
const kinds: Readonly<Record<string, EventColumns>> = {
  fresh: { ...at(1_000) },
  waiting: { ...at(2_000), available_at: nowMs + 1, wait_reason: 'retry', last_error: 'HTTP 400: Body bad' },
  leased: { ...at(3_000), lease_id: '07:x:1', available_at: nowMs + 9, claims: 1 },
  accepted: { ...at(4_000), ...done },
  confirmed: { ...at(5_000), ...done, confirmed_at: isoText(nowMs), business_id: 'other' },
  undelivered: { ...at(6_000), ...done, last_error: 'Failure: no subscription', gateway: 'elsewhere' },
  dead: { ...at(7_000), status: 'dead', last_error: 'HTTP 400: body bad', event_type: 'order.shipped' },
  discarded: { ...at(8_000), status: 'discarded', business_id: 'other' },
};

const cases: readonly (readonly [EventFilter, readonly string[]])[] = [
  [{}, Object.keys(kinds)],
  [{ state: 'pending' }, ['fresh', 'waiting', 'leased']],
  [{ state: 'waiting' }, ['waiting']],
  [{ state: 'leased' }, ['leased']],
  [{ state: 'processed' }, ['accepted', 'confirmed', 'undelivered']],
  [{ state: 'unconfirmed' }, ['accepted', 'undelivered']],
  [{ state: 'undelivered' }, ['undelivered']],
  [{ state: 'dead' }, ['dead']],
  [{ state: 'discarded' }, ['discarded']],
  [{ businessId: 'other' }, ['confirmed', 'discarded']],
  [{ businessId: 'Other' }, []],
  [{ eventType: 'order.shipped' }, ['dead']],
  [{ error: 'BODY' }, ['waiting', 'dead']],
  [{ error: '%' }, []],
  [{ gateway }, ['accepted', 'confirmed']],
  [{ createdFromMs: nowMs - 2_000 }, ['fresh', 'waiting']],
  [{ createdBeforeMs: nowMs - 6_000 }, ['dead', 'discarded']],
  [{ createdFromMs: nowMs - 5_000, createdBeforeMs: nowMs - 3_000 }, ['accepted', 'confirmed']],
  [{ state: 'processed', businessId: 'other' }, ['confirmed']],
  [{ state: 'discarded', businessId: 'other', eventType: 'invoice.created' }, ['discarded']],
  [{ state: 'pending', businessId: 'acme', error: 'bad' }, ['waiting']],
  [{ state: 'dead', createdBeforeMs: nowMs - 7_000 }, []],
  [{ businessId: 'other', createdBeforeMs: nowMs - 5_000, error: 'x' }, []],
];

async function stocked(create: CreateDatabase) {
  const database = await create();
  for (const [id, columns] of Object.entries(kinds)) await database.append({ id, ...columns });
  return { database, store: await database.open() };
}

export function listingContract(create: CreateDatabase): void {
  test('every filter takes exactly the events that it names, in either order, and counts as many', async () => {
    const { store } = await stocked(create);
    const ids = async (filter: EventFilter, order: ListRequest['order']) =>
      (await store.list({ filter, order, beyondSeq: null, limit: 99, nowMs })).map(({ id }) => id);
    for (const [filter, expected] of cases) {
      const which = JSON.stringify(filter);
      expect([which, await ids(filter, 'oldest')]).toEqual([which, expected]);
      expect([which, await ids(filter, 'newest')]).toEqual([which, expected.toReversed()]);
      expect([which, await store.count({ filter, nowMs })]).toEqual([which, expected.length]);
    }
  });

  test('pages follow one another without a gap or a repeat, in both orders', async () => {
    const database = await create();
    const store = await database.open();
    for (let n = 0; n < 7; n++)
      await database.append({ id: `e${n}`, status: n % 2 === 0 ? 'dead' : 'processed' });
    for (const filter of [{}, { state: 'dead' }, { businessId: 'acme' }, { createdFromMs: 0 }] as const) {
      for (const order of ['oldest', 'newest'] as const) {
        const paged: number[] = [];
        for (let beyondSeq: number | null = null; ; ) {
          const page: readonly { seq: number }[] = await store.list({
            filter,
            order,
            beyondSeq,
            limit: 3,
            nowMs,
          });
          paged.push(...page.map(({ seq }) => seq));
          if (page.length < 3) break;
          beyondSeq = page.at(-1)?.seq ?? null;
        }
        const whole = await store.list({ filter, order, beyondSeq: null, limit: 99, nowMs });
        expect(paged).toEqual(whole.map(({ seq }) => seq));
        expect(paged).toHaveLength(await store.count({ filter, nowMs }));
      }
    }
  });

  test('an event is found by its id and by its key, with all that is known of it, and nothing else is', async () => {
    const database = await create();
    const store = await database.open();
    const payload = '{ "text": "grün" }';
    const seq = await database.append({
      id: 'a',
      key_suffix: '~r2',
      payload,
      headers: '{"x-a":"1"}',
      ...done,
    });
    await store.log({ kind: 'resent', eventSeq: seq, detail: { resends: 1 }, nowMs });
    await store.log({ kind: 'resent', eventSeq: seq + 1, detail: { resends: 9 }, nowMs });
    const life = await store.find('a~r2');
    expect(life).toEqual(await store.find('a'));
    expect(life).toMatchObject({
      event: {
        seq,
        id: 'a',
        keySuffix: '~r2',
        status: 'processed',
        processedAtMs: nowMs,
        confirmedAtMs: null,
        gateway,
      },
      payload,
      payloadBytes: Buffer.byteLength(payload),
      headers: '{"x-a":"1"}',
    });
    expect(life?.records.map(({ kind, detail }) => [kind, detail])).toEqual([['resent', { resends: 1 }]]);
    for (const unknown of ['b', 'a~r3', 'A', '', 'a~', '~r2']) expect(await store.find(unknown)).toBeNull();
  });

  test('an event says who holds it and until when', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ id: 'a' });
    await claimer(store, '42')({ leaseEndsAtMs: nowMs + 30_000 });
    expect(await seen(store, 'a')).toMatchObject([
      { leasedBy: '42', availableAtMs: nowMs + 30_000, claims: 1 },
    ]);
  });

  test('the newest records of a kind, and every business that has an event, are told', async () => {
    const database = await create();
    const store = await database.open();
    expect([await store.records('fenced', 9), await store.businesses(9)]).toEqual([[], []]);
    for (const n of [1, 2, 3]) await store.log({ kind: 'fenced', detail: { n }, nowMs: nowMs + n });
    await store.log({ kind: 'gateway', detail: {}, nowMs });
    expect((await store.records('fenced', 2)).map(({ detail, atMs }) => [detail.n, atMs - nowMs])).toEqual([
      [3, 3],
      [2, 2],
    ]);
    for (const business_id of ['b', 'a', 'b', 'ä', 'a']) await database.append({ business_id });
    await database.append({ business_id: 'c', status: 'dead' });
    expect(await store.businesses(9)).toEqual(['a', 'b', 'c', 'ä']);
    expect(await store.businesses(2)).toEqual(['a', 'b']);
  });
}
