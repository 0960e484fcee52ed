// The contract of the operator's record and of the numbers people look at.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import {
  type CreateDatabase,
  claimer,
  claimOne,
  leaseMs,
  settle,
  settlementsOf,
  startMs,
} from './store-contract-steps.ts';

const gatewayA = 'https://a.test/api/v1/projects/p';
const gatewayB = 'https://b.test/api/v1/projects/p';

export function recordContract(create: CreateDatabase): void {
  test('the newest record of a kind is found, with its details as they were written', async () => {
    const store = await (await create()).open();
    expect(await store.lastLogged('gateway')).toBeNull();
    await store.log({ kind: 'gateway', detail: { state: 'paused', n: 1, quote: `"'` }, nowMs: startMs });
    await store.log({ kind: 'fenced', eventSeq: 7, detail: { events: 2 }, nowMs: startMs });
    await store.log({ kind: 'gateway', detail: { state: 'open', n: 2 }, nowMs: startMs });
    expect(await store.lastLogged('gateway')).toEqual({ state: 'open', n: 2 });
    expect(await store.lastLogged('gateway', { state: 'paused' })).toEqual({
      state: 'paused',
      n: 1,
      quote: `"'`,
    });
    expect(await store.lastLogged('fenced')).toEqual({ events: 2 });
  });

  test('a record is found only when all the members match', async () => {
    const store = await (await create()).open();
    const nowMs = startMs;
    await store.log({ kind: 'verified', detail: { gateway: gatewayA, key: 'k1' }, nowMs });
    await store.log({ kind: 'verified', detail: { gateway: gatewayB, key: 'k2' }, nowMs });
    expect(await store.lastLogged('verified', { gateway: gatewayA, key: 'k1' })).not.toBeNull();
    expect(await store.lastLogged('verified', { gateway: gatewayA, key: 'k2' })).toBeNull();
    expect(await store.lastLogged('verified', { gateway: gatewayB, key: 'k2', more: 'x' })).toBeNull();
    expect(await store.lastLogged('gateway', { gateway: gatewayA })).toBeNull();
  });

  test('every gateway that ever passed the check is known once', async () => {
    const store = await (await create()).open();
    expect(await store.verifiedGateways()).toEqual([]);
    for (const gateway of [gatewayA, gatewayB, gatewayA]) {
      await store.log({ kind: 'verified', detail: { gateway, key: 'k' }, nowMs: startMs });
    }
    await store.log({ kind: 'gateway', detail: { gateway: 'elsewhere' }, nowMs: startMs });
    expect((await store.verifiedGateways()).toSorted()).toEqual([gatewayA, gatewayB]);
  });

  test('pruning forgets old records, never that a gateway was verified', async () => {
    const store = await (await create()).open();
    const oldMs = startMs - 100_000;
    await store.log({ kind: 'verified', detail: { gateway: gatewayA, key: 'k' }, nowMs: oldMs });
    await store.log({ kind: 'taken_over', detail: { slot: '00', events: 1 }, nowMs: oldMs });
    await store.log({ kind: 'relayer_started', detail: { slot: '00' }, nowMs: startMs });
    await store.prune({ beforeMs: startMs - 50_000, limit: 10 });
    expect(await store.lastLogged('taken_over')).toBeNull();
    expect(await store.lastLogged('relayer_started')).toEqual({ slot: '00' });
    expect(await store.verifiedGateways()).toEqual([gatewayA]);
  });

  test('when an event died is on record with the reason, unless the lease was lost', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await database.append({ id: 'a' });
    const { dead } = settlementsOf(await claimOne(store));
    await settle(store, [{ ...dead, leaseId: '00:other:1' }], startMs + 1);
    expect(await store.records('dead', 9)).toEqual([]);
    await settle(store, [dead], startMs + 2);
    const record = { kind: 'dead', atMs: startMs + 2, eventSeq: seq, detail: { error: dead.error } };
    expect((await store.find('a'))?.records).toEqual([record]);
  });

  test('the counts tell every status and the leases', async () => {
    const database = await create();
    const store = await database.open();
    expect(await store.counts()).toEqual({ pending: 0, leased: 0, processed: 0, dead: 0, discarded: 0 });
    for (let n = 0; n < 5; n++) await database.append();
    for (const status of ['processed', 'processed', 'dead', 'discarded']) await database.append({ status });
    await claimer(store)({ slots: 2 });
    expect(await store.counts()).toEqual({ pending: 5, leased: 2, processed: 2, dead: 1, discarded: 1 });
  });

  test('how many events a gateway accepted is counted per gateway', async () => {
    const database = await create();
    const store = await database.open();
    for (const gateway of [gatewayA, gatewayA, gatewayB]) {
      await database.append({ status: 'processed', gateway, processed_at: isoText(startMs) });
    }
    await database.append({ status: 'dead', gateway: gatewayA });
    expect(await store.acceptedBy(gatewayA)).toBe(2);
    expect(await store.acceptedBy('elsewhere')).toBe(0);
  });

  test('the next instant at which something becomes due is strictly later, and null when there is none', async () => {
    const database = await create();
    const store = await database.open();
    expect(await store.nextDueAtMs(startMs)).toBeNull();
    await database.append();
    await database.append({ available_at: startMs });
    expect(await store.nextDueAtMs(startMs)).toBeNull();
    await database.append({ available_at: startMs + 9_000 });
    await database.append({ available_at: startMs + 4_000 });
    await database.append({ available_at: startMs + 1, status: 'dead' });
    expect(await store.nextDueAtMs(startMs)).toBe(startMs + 4_000);
    expect(await store.nextDueAtMs(startMs + 4_000)).toBe(startMs + 9_000);
  });

  test('the end of a lease counts as an instant at which its event becomes due', async () => {
    const database = await create();
    const store = await database.open();
    await database.append();
    const event = await claimOne(store);
    expect(await store.nextDueAtMs(startMs)).toBe(startMs + leaseMs);
    await settle(store, [settlementsOf(event).processed]);
    expect(await store.nextDueAtMs(startMs)).toBeNull();
  });
}
