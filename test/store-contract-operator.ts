// The contract of a person's decisions: what a redrive and a discard move, what they leave alone, and what they record.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { SeenEvent } from '../apps/outbox/operator-verbs.ts';
import type { OutboxStore } from '../apps/outbox/store.ts';
import {
  type CreateDatabase,
  claimer,
  claimOne,
  seen,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

const nowMs = startMs;
const note = 'state=dead';
const done = {
  status: 'processed',
  processed_at: isoText(nowMs),
  gateway: 'https://a.test/x',
  confirmed_at: isoText(nowMs),
};
const asNew = {
  status: 'pending',
  available_at: 0,
  wait_reason: null,
  attempts: 0,
  claims: 0,
  resends: 0,
  processed_at: null,
  confirmed_at: null,
  gateway: null,
  key_suffix: '',
};
const redrive = (store: OutboxStore, events: readonly SeenEvent[], keys: 'same' | 'new' = 'same') =>
  store.redrive({ events, keys, note, nowMs });

export function operatorContract(create: CreateDatabase): void {
  test('a redrive brings dead, discarded and processed events back as new ones that keep their last error', async () => {
    const database = await create();
    const store = await database.open();
    const used = {
      attempts: 10,
      claims: 2,
      resends: 3,
      available_at: 99,
      wait_reason: 'retry',
      last_error: 'HTTP 400',
    };
    for (const [id, columns] of Object.entries({
      a: { status: 'dead' },
      b: { status: 'discarded' },
      c: done,
    })) {
      await database.append({ id, ...used, ...columns });
    }
    const events = await seen(store, 'a', 'b', 'c');
    expect(await redrive(store, events)).toEqual(events.map(({ seq }) => seq));
    for (const { seq } of events)
      expect(await database.read(seq)).toMatchObject({ ...asNew, last_error: 'HTTP 400' });
    expect(await redrive(store, events)).toEqual([]);
    expect(await claimer(store)()).toHaveLength(3);
  });

  test('an event that has changed since it was seen is left alone, by redrive and discard alike', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await database.append({ status: 'dead' });
    const asSeen: SeenEvent = { seq, status: 'dead', keySuffix: '', confirmedAtMs: null };
    const stale: readonly SeenEvent[] = [
      { ...asSeen, status: 'processed' },
      { ...asSeen, status: 'pending' },
      { ...asSeen, keySuffix: '~r2' },
      { ...asSeen, confirmedAtMs: nowMs },
      { ...asSeen, seq: seq + 1 },
    ];
    expect(await redrive(store, stale)).toEqual([]);
    expect(await store.discard({ events: stale, reason: 'r', nowMs })).toEqual([]);
    expect((await database.read(seq))?.status).toBe('dead');
    expect([await store.lastLogged('redriven'), await store.lastLogged('discarded')]).toEqual([null, null]);
  });

  test('a pending event cannot be redriven, nor a processed or leased one discarded', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ id: 'leased' });
    const leased = await claimOne(store);
    for (const [id, columns] of Object.entries({ pending: {}, done }))
      await database.append({ id, ...columns });
    expect(await redrive(store, await seen(store, 'pending', 'leased'))).toEqual([]);
    expect(await store.discard({ events: await seen(store, 'done', 'leased'), reason: 'r', nowMs })).toEqual(
      [],
    );
    expect(await settle(store, [settlementsOf(leased).processed])).toEqual([]);
  });

  test('a discarded event keeps its reason and its error, and nobody claims or prunes it', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ id: 'dead', status: 'dead', last_error: 'HTTP 400', attempts: 10 });
    await database.append({ id: 'held', available_at: nowMs + 1, wait_reason: 'endpoint' });
    const events = await seen(store, 'dead', 'held');
    expect(await store.discard({ events, reason: 'customer left', nowMs })).toHaveLength(2);
    expect(await seen(store, 'dead', 'held')).toMatchObject([
      { status: 'discarded', lastError: 'discarded: customer left; before: HTTP 400', attempts: 10 },
      { status: 'discarded', lastError: 'discarded: customer left', waitReason: null },
    ]);
    expect(await claimer(store)({ dueByMs: nowMs + 9 })).toEqual([]);
    expect(await store.prune({ beforeMs: nowMs + 9, limit: 9 })).toBe(0);
    expect(await store.counts()).toMatchObject({ discarded: 2, pending: 0, dead: 0 });
  });

  test('one decision is one record, which every event of it shows', async () => {
    const database = await create();
    const store = await database.open();
    for (const id of ['a', 'b', 'c']) await database.append({ id, status: 'dead' });
    await redrive(store, await seen(store, 'a', 'b'), 'new');
    await store.discard({ events: await seen(store, 'c'), reason: 'why not', nowMs });
    const told = async (id: string) =>
      (await store.find(id))?.records.map(({ kind, eventSeq, detail }) => ({ kind, eventSeq, detail }));
    const [a, b, c] = (await seen(store, 'a', 'b', 'c')).map(({ seq }) => seq);
    const batch = {
      kind: 'redriven',
      eventSeq: null,
      detail: { events: 2, keys: 'new', note, seqs: [a, b] },
    };
    expect([await told('a'), await told('b')]).toEqual([[batch], [batch]]);
    expect(await told('c')).toEqual([
      { kind: 'discarded', eventSeq: c, detail: { events: 1, reason: 'why not' } },
    ]);
  });

  test('what could be pruned is counted, confirmed and unconfirmed apart', async () => {
    const database = await create();
    const store = await database.open();
    for (let n = 0; n < 3; n++) await database.append(done);
    await database.append({ ...done, confirmed_at: null });
    await database.append({ ...done, processed_at: isoText(nowMs + 1) });
    await database.append({ status: 'dead' });
    expect(await store.prunable({ beforeMs: nowMs + 1 })).toEqual({ confirmed: 3, unconfirmed: 1 });
  });
}
