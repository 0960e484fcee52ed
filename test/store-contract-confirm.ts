// The contract of reading back: what waits to be confirmed, what a key confirms, what goes out again, what is reported.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { OutboxStore } from '../apps/outbox/store.ts';
import type { EventColumns } from './outbox-database.ts';
import {
  type ContractDatabase,
  type CreateDatabase,
  claimer,
  seen,
  startMs,
} from './store-contract-steps.ts';

const gateway = 'https://a.test/api/v1/projects/p';
const other = 'https://b.test/api/v1/projects/p';
const nowMs = startMs + 3_600_000;
const start = { acceptedAtMs: startMs - 1_000_000, seq: 0 };

function accepted(database: ContractDatabase, columns: EventColumns = {}): Promise<number> {
  return database.append({ status: 'processed', processed_at: isoText(startMs), gateway, ...columns });
}

const open = async (store: OutboxStore, limit = 100) =>
  (await store.unconfirmed({ gateway, after: start, untilMs: nowMs, limit })).map(({ seq }) => seq);

export function confirmContract(create: CreateDatabase): void {
  test('what waits to be read back comes in the order of acceptance, page by page, each once', async () => {
    const database = await create();
    const store = await database.open();
    const late = await accepted(database, { processed_at: isoText(startMs + 5) });
    const same = [];
    for (let n = 0; n < 5; n++) same.push(await accepted(database));
    const seen: number[] = [];
    let after = start;
    for (let page = 0; page < 9; page++) {
      const events = await store.unconfirmed({ gateway, after, untilMs: nowMs, limit: 2 });
      seen.push(...events.map(({ seq }) => seq));
      const last = events.at(-1);
      if (last === undefined) break;
      after = last;
    }
    expect(seen).toEqual([...same, late]);
  });

  test('only what this gateway accepted, within the span, neither confirmed nor reported, waits', async () => {
    const database = await create();
    const store = await database.open();
    const wanted = await accepted(database, { id: 'wanted', key_suffix: '~r2', resends: 3 });
    await accepted(database, { gateway: other });
    await accepted(database, { confirmed_at: isoText(startMs) });
    await accepted(database, { last_error: 'Failure' });
    await accepted(database, { processed_at: isoText(nowMs + 1) });
    await accepted(database, { processed_at: isoText(start.acceptedAtMs - 1) });
    for (const status of ['pending', 'dead', 'discarded']) await accepted(database, { status });
    const events = await store.unconfirmed({ gateway, after: start, untilMs: nowMs, limit: 100 });
    expect(events).toMatchObject([
      { seq: wanted, id: 'wanted', key: 'wanted~r2', acceptedAtMs: startMs, resends: 3 },
    ]);
  });

  test('a key confirms its event once, and tells the latest acceptance it knows of', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await accepted(database, { id: 'a' });
    await accepted(database, { id: 'b', processed_at: isoText(startMs + 9), confirmed_at: isoText(startMs) });
    const confirm = (keys: string[]) => store.confirm({ gateway, keys, nowMs });
    expect(await confirm(['a', 'x', 'a~', "'"])).toEqual({ events: 1, newestAcceptedAtMs: startMs });
    expect((await database.read(seq))?.confirmed_at).toBe(isoText(nowMs));
    expect(await confirm(['a', 'b'])).toEqual({ events: 0, newestAcceptedAtMs: startMs + 9 });
    await accepted(database, { id: 'theirs', processed_at: isoText(startMs + 99), gateway: other });
    expect(await confirm(['theirs'])).toEqual({ events: 0, newestAcceptedAtMs: null });
    expect(await confirm([])).toEqual({ events: 0, newestAcceptedAtMs: null });
    expect(await open(store)).toEqual([]);
  });

  test('a key is the id with its suffix, whatever looks alike', async () => {
    const database = await create();
    const store = await database.open();
    const plain = await accepted(database, { id: 'a' });
    const second = await accepted(database, { id: 'b', key_suffix: '~r2' });
    const tilde = await accepted(database, { id: 'b~x' });
    await store.confirm({ gateway, keys: ['a~r2', 'b', '~b'], nowMs });
    expect(await open(store)).toEqual([plain, second, tilde]);
    await store.confirm({ gateway, keys: ['b~r2', 'b~x'], nowMs });
    expect(await open(store)).toEqual([plain]);
  });

  test('nothing is confirmed that is pending again, or that another gateway accepted', async () => {
    const database = await create();
    const store = await database.open();
    const seqs = [
      await accepted(database, { id: 'a', status: 'pending' }),
      await accepted(database, { id: 'b', gateway: other }),
      await accepted(database, { id: 'c', status: 'dead' }),
    ];
    expect(await store.confirm({ gateway, keys: ['a', 'b', 'c'], nowMs })).toMatchObject({ events: 0 });
    for (const seq of seqs) expect((await database.read(seq))?.confirmed_at).toBeNull();
  });

  test('an event sent again is pending and due behind the fresh ones, under its key, counters clear, counted', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await accepted(database, { id: 'a', key_suffix: '~r2', attempts: 9, resends: 1 });
    const resend = (resends: number) => store.resend({ gateway, events: [{ seq, resends }], nowMs });
    expect(await resend(0)).toBe(0);
    expect(await resend(1)).toBe(1);
    expect(await resend(1)).toBe(0);
    expect(await resend(2)).toBe(0);
    expect(await database.read(seq)).toMatchObject({
      status: 'pending',
      id: 'a',
      key_suffix: '~r2',
      available_at: nowMs,
      attempts: 0,
      claims: 0,
      resends: 2,
      gateway: null,
      processed_at: null,
      last_error: 'accepted, but never stored by Convoy: sent again',
    });
    expect(await store.lastLogged('resent')).toEqual({ resends: 2 });
    expect(await claimer(store)({}, nowMs)).toMatchObject([{ seq, keySuffix: '~r2' }]);
  });

  test('what was confirmed meanwhile, or accepted by another gateway, is not sent again', async () => {
    const database = await create();
    const store = await database.open();
    const events = [
      { seq: await accepted(database, { confirmed_at: isoText(startMs) }), resends: 0 },
      { seq: await accepted(database, { gateway: other }), resends: 0 },
    ];
    expect(await store.resend({ gateway, events, nowMs })).toBe(0);
    for (const { seq } of events) expect((await database.read(seq))?.status).toBe('processed');
  });

  test('a report is made once, keeps the event processed and unconfirmed, and ends when it is confirmed after all', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await accepted(database, { id: 'a' });
    await accepted(database, { id: 'b', confirmed_at: isoText(startMs) });
    const events = ['a', 'b', 'x'].map((key) => ({ key, reason: `no ${key}` }));
    expect(await store.reportUndelivered({ gateway, events, nowMs })).toEqual(['a']);
    expect(await store.reportUndelivered({ gateway, events, nowMs })).toEqual([]);
    expect(await database.read(seq)).toMatchObject({
      status: 'processed',
      confirmed_at: null,
      last_error: 'no a',
    });
    expect(await store.lastLogged('undelivered')).toEqual({ reason: 'no a' });
    expect(await open(store)).toEqual([]);
    expect(await store.confirm({ gateway, keys: ['a'], nowMs })).toMatchObject({ events: 1 });
    expect((await database.read(seq))?.last_error).toBeNull();
  });

  test('a redrive starts the count of resends anew', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await accepted(database, { id: 'a', resends: 5 });
    await store.redrive({ events: await seen(store, 'a'), keys: 'same', note: '', nowMs });
    expect((await database.read(seq))?.resends).toBe(0);
  });

  test('pruning takes confirmed and unconfirmed events apart, or all', async () => {
    const database = await create();
    const store = await database.open();
    const confirmed = await accepted(database, { confirmed_at: isoText(startMs) });
    const unconfirmed = await accepted(database);
    const prune = (which: 'any' | 'confirmed' | 'unconfirmed', limit = 10) =>
      store.prune({ beforeMs: startMs + 1, limit, which });
    expect(await prune('confirmed')).toBe(1);
    expect(await database.read(confirmed)).toBeNull();
    expect(await database.read(unconfirmed)).not.toBeNull();
    expect(await prune('unconfirmed')).toBe(1);
    expect(await database.read(unconfirmed)).toBeNull();
    for (let n = 0; n < 2; n++) {
      await accepted(database);
      await accepted(database, { confirmed_at: isoText(startMs) });
    }
    expect([await prune('any', 3), await prune('any', 3), await prune('any', 3)]).toEqual([3, 1, 0]);
  });
}
