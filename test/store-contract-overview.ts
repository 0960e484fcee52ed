// The contract of what people see at a glance: every number, and that the counts add up.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { type CreateDatabase, claimer, startMs } from './store-contract-steps.ts';

const nowMs = startMs;
const windowMs = 60_000;

export function overviewContract(create: CreateDatabase): void {
  test('an empty outbox is all zero and null', async () => {
    const store = await (await create()).open();
    expect(await store.overview({ nowMs, windowMs })).toMatchObject({
      counts: { pending: 0, leased: 0, processed: 0, dead: 0, discarded: 0 },
      due: 0,
      oldestPendingAtMs: null,
      waiting: [],
      unconfirmed: 0,
      leasedBySlot: {},
      recent: { windowMs, created: 0, accepted: 0 },
      deadByReason: [],
      gateway: null,
      pipeline: null,
      relayers: [],
    });
  });

  test('what is pending is told apart: due, leased by slot, waiting by reason', async () => {
    const database = await create();
    const store = await database.open();
    await database.append({ created_at: isoText(nowMs - 5_000) });
    for (let n = 0; n < 4; n++) await database.append({ created_at: isoText(nowMs - 9_000) });
    await claimer(store, '00')({ slots: 1 });
    await claimer(store, '07')({ slots: 2 });
    const later = { available_at: nowMs + 1 };
    for (const wait_reason of ['gateway', 'gateway', 'endpoint', null]) {
      await database.append({ ...later, wait_reason });
    }
    const overview = await store.overview({ nowMs, windowMs });
    expect(overview).toMatchObject({
      counts: { pending: 9, leased: 3 },
      due: 2,
      oldestPendingAtMs: nowMs - 5_000,
      leasedBySlot: { '00': 1, '07': 2 },
    });
    expect(overview.waiting).toEqual([
      { reason: 'gateway', events: 2 },
      { reason: 'endpoint', events: 1 },
      { reason: 'scheduled', events: 1 },
    ]);
  });

  test('what was created and accepted lately is counted, confirmed or not, and nothing from outside the window', async () => {
    const database = await create();
    const store = await database.open();
    const done = (agoMs: number, confirmed: boolean) => ({
      status: 'processed',
      created_at: isoText(nowMs - agoMs - 10),
      processed_at: isoText(nowMs - agoMs),
      confirmed_at: confirmed ? isoText(nowMs) : null,
    });
    await database.append(done(0, true));
    await database.append(done(1_000, false));
    await database.append(done(windowMs, true));
    await database.append(done(windowMs, false));
    await database.append(done(-1, true));
    const { recent, unconfirmed, counts } = await store.overview({ nowMs, windowMs });
    expect([recent, unconfirmed, counts.processed]).toEqual([{ windowMs, created: 3, accepted: 2 }, 2, 5]);
  });

  test('dead events are grouped by their reason, the most frequent first', async () => {
    const database = await create();
    const store = await database.open();
    for (const last_error of ['HTTP 413', 'HTTP 400: no', 'HTTP 400: no', null]) {
      await database.append({ status: 'dead', last_error });
    }
    await database.append({ status: 'discarded', last_error: 'HTTP 413' });
    const { deadByReason, counts } = await store.overview({ nowMs, windowMs });
    expect(counts).toMatchObject({ dead: 4, discarded: 1 });
    expect(deadByReason).toEqual([
      { reason: 'HTTP 400: no', events: 2 },
      { reason: 'HTTP 413', events: 1 },
      { reason: 'no reason recorded', events: 1 },
    ]);
  });

  test('the record tells the newest gateway change and the starts and takeovers, newest first', async () => {
    const store = await (await create()).open();
    const log = (
      kind: 'gateway' | 'relayer_started' | 'taken_over' | 'pipeline',
      at: number,
      detail: object,
    ) => store.log({ kind, detail: { ...detail }, nowMs: at });
    await log('gateway', nowMs, { state: 'paused', reason: 'HTTP 503' });
    await log('relayer_started', nowMs + 1, { slot: '00', pid: 1 });
    await log('taken_over', nowMs + 2, { slot: '00', events: 3 });
    await log('relayer_started', nowMs + 3, { slot: '00', pid: 2 });
    await log('gateway', nowMs + 4, { state: 'ramping', paused_ms: 4 });
    await log('pipeline', nowMs + 5, { state: 'stalled' });
    const overview = await store.overview({ nowMs, windowMs });
    expect(overview.gateway).toEqual({
      kind: 'gateway',
      atMs: nowMs + 4,
      eventSeq: null,
      detail: { state: 'ramping', paused_ms: 4 },
    });
    expect(overview.pipeline?.detail).toEqual({ state: 'stalled' });
    expect(overview.relayers.map(({ kind, atMs }) => [kind, atMs - nowMs])).toEqual([
      ['relayer_started', 3],
      ['taken_over', 2],
      ['relayer_started', 1],
    ]);
  });
}
