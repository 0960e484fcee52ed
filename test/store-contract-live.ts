// The contract of what the live page reads: bounded looks whose numbers are right.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { type CreateDatabase, claimer, startMs } from './store-contract-steps.ts';

const nowMs = startMs;
const second = { fromMs: nowMs - 1_000, toMs: nowMs };
const done = (agoMs: number, latencyMs: number, confirmed = false) => ({
  status: 'processed',
  created_at: isoText(nowMs - agoMs - latencyMs),
  processed_at: isoText(nowMs - agoMs),
  confirmed_at: confirmed ? isoText(nowMs) : null,
});

export function liveContract(create: CreateDatabase): void {
  test('a glance at an empty outbox sees nothing', async () => {
    const store = await (await create()).open();
    expect(await store.glance(second)).toEqual({
      newestSeq: 0,
      freshHeadSeq: null,
      delayed: { events: 0, isExact: true },
      leased: 0,
      oldestPendingAtMs: null,
      dead: { events: 0, isExact: true },
      waiting: [],
      accepted: 0,
      acceptances: [],
    });
  });

  test('a glance tells fresh, delayed, leased and dead events apart, and the age of the oldest', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ created_at: isoText(nowMs - 9_000) });
    await database.append({
      created_at: isoText(nowMs - 8_000),
      available_at: nowMs + 1,
      wait_reason: 'gateway',
    });
    const fresh = await database.append({ created_at: isoText(nowMs - 7_000) });
    const dead = await database.append({ status: 'dead' });
    await claimer(store)({ slots: 1 });
    expect(await store.glance(second)).toMatchObject({
      newestSeq: dead,
      freshHeadSeq: fresh,
      delayed: { events: 2, isExact: true },
      leased: 1,
      oldestPendingAtMs: nowMs - 9_000,
      dead: { events: 1, isExact: true },
      waiting: [{ reason: 'gateway', events: 1 }],
    });
    expect(await store.freshBetween({ afterSeq: 0, upToSeq: dead })).toBe(1);
    expect(await store.freshBetween({ afterSeq: fresh, upToSeq: dead })).toBe(0);
  });

  test('the newest seq stays when everything has been deleted', async () => {
    const database = await create();
    const store = await database.open();
    const seq = await database.append(done(60_000, 5, true));
    await store.prune({ beforeMs: nowMs, limit: 10 });
    expect(await store.glance(second)).toMatchObject({ newestSeq: seq });
  });

  test('acceptances are counted in their window, confirmed or not, and listed for a minute, the newest first', async () => {
    const database = await create();
    const store = await database.open();
    await database.append(done(0, 4, true));
    await database.append(done(999, 3));
    await database.append(done(1_000, 2));
    await database.append(done(59_999, 1, true));
    await database.append(done(60_000, 9));
    await database.append(done(-1, 9));
    const { accepted, acceptances } = await store.glance(second);
    expect(accepted).toBe(2);
    expect(acceptances.map(({ latencyMs }) => latencyMs)).toEqual([4, 3, 2, 1]);
    expect(await store.traffic(second)).toEqual({
      appended: { events: 2, isExact: true },
      accepted: { events: 2, isExact: true },
      latenciesMs: [4, 3],
    });
    expect(await store.acceptancesAround(nowMs - 999)).toEqual({
      beforeMs: nowMs - 1_000,
      fromMs: nowMs - 999,
    });
    expect(await store.acceptancesAround(nowMs - 60_000)).toMatchObject({ beforeMs: null });
    expect(await store.acceptancesAround(nowMs + 2)).toMatchObject({ fromMs: null });
  });

  test('the record is read from where it was left, and keeps to the newest lines', async () => {
    const store = await (await create()).open();
    for (const pid of [1, 2, 3]) {
      await store.log({ kind: 'relayer_started', detail: { slot: '00', pid }, nowMs: nowMs + pid });
    }
    const newest = await store.recordAfter({ afterId: 0, limit: 2 });
    expect(newest.map(({ detail }) => detail.pid)).toEqual([2, 3]);
    expect(await store.recordAfter({ afterId: newest[1]?.id ?? 0, limit: 2 })).toEqual([]);
  });

  test('dead events are told by their reason, each with one of them to redrive', async () => {
    const database = await create();
    const store = await database.open();
    for (const [id, last_error] of [
      ['a', 'HTTP 413'],
      ['b', 'never'],
      ['c', 'never'],
    ] as const) {
      await database.append({ id, status: 'dead', last_error });
    }
    expect(await store.deadReasons()).toEqual([
      { reason: 'never', events: 2, exampleId: 'c' },
      { reason: 'HTTP 413', events: 1, exampleId: 'a' },
    ]);
  });
}
