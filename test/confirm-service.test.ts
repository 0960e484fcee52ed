// When reading back happens: not before its time, by one relayer, at calm moments; and the end of what it never confirmed.
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import type { ConfirmVerbs } from '../apps/outbox/confirm-verbs.ts';
import { tryAcquireConfirm } from '../apps/outbox/sqlite/relayer-slot.ts';
import { calm } from '../apps/relayer/calm.ts';
import { keepConfirming } from '../apps/relayer/confirm-service.ts';
import { pruneRound } from '../apps/relayer/retention.ts';
import { type ConfirmRig, confirmRig, hourMs, minuteMs } from './confirm-rig.ts';
import { FakeClock } from './fake-clock.ts';
import { waitFor } from './helpers.ts';
import { insertEvent, newDatabaseFile, openStore, plainConnection, statusCounts } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

/** A relayer's reading back. Time passes for it while the test waits. */
async function service(rig: ConfirmRig, verbs: Partial<ConfirmVerbs> = {}) {
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const { sandbox, clock, log } = rig;
  const ended = keepConfirming({
    store: { ...(await openStore(rig.file, 1_000)), ...verbs },
    access: { baseUrl: sandbox.url, projectId: sandbox.projectId, apiKey: sandbox.apiKey, timeoutMs: 2_000 },
    gateway: rig.gateway,
    windowMs: 24 * hourMs,
    calm: async () => {
      rig.calmed += 1;
    },
    onResent: () => {},
    acquire: async () => tryAcquireConfirm(rig.file),
    clock,
    log,
    signal: stopping.signal,
  });
  return { ended, stop: () => stopping.abort() };
}

const pass = async (rig: ConfirmRig, what: string, isReached: () => boolean) => {
  await waitFor(what, async () => {
    await rig.clock.advance(250);
    return isReached();
  });
};

describe('the service', () => {
  test('lets a start deliver first, then confirms in passes with a rest between, until it is stopped', async () => {
    const rig = await confirmRig();
    rig.append(3, 'a');
    await rig.deliver();
    const { ended, stop } = await service(rig);
    await rig.clock.advance(29_000);
    expect(rig.counts().confirmed).toBe(0);
    await pass(rig, 'the first pass', () => rig.counts().confirmed === 3);
    rig.append(1, 'b');
    await rig.deliver();
    await pass(rig, 'the next pass', () => rig.counts().confirmed === 4);
    expect(rig.log.count('accepted events confirmed')).toBe(2);
    stop();
    await ended;
  });

  test('of several relayers runs in one; another takes over when that one ends', async () => {
    const rig = await confirmRig();
    const holder = tryAcquireConfirm(rig.file);
    rig.append(1, 'a');
    await rig.deliver();
    await service(rig);
    await rig.clock.advance(10 * minuteMs);
    expect(rig.calmed).toBe(0);
    holder?.release();
    await pass(rig, 'the other reads back', () => rig.counts().confirmed === 1);
  });

  test('says once that Convoy cannot be read, asks ever more rarely, and says when it can again', async () => {
    const rig = await confirmRig();
    rig.append(1, 'a');
    await rig.deliver();
    rig.sandbox.faults.add({ kind: 'status', status: 500, traffic: 'reads' });
    await service(rig);
    const unread = 'could not read back from Convoy, nothing is concluded';
    await pass(rig, 'it is told', () => rig.log.count(unread) === 1);
    rig.sandbox.faults.replace();
    await pass(rig, 'it can be read', () => rig.log.count('Convoy can be read back again') === 1);
    expect(rig.counts().confirmed).toBe(1);
  });
});

test('a damaged database ends reading back with its error, as it does everything else', async () => {
  const rig = await confirmRig();
  rig.append(1, 'a');
  await rig.deliver();
  const { ended } = await service(rig, {
    unconfirmed: () =>
      Promise.reject(new Database.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT')),
  });
  const error = ended.then(
    () => null,
    (cause: unknown) => cause,
  );
  await rig.clock.advance(minuteMs);
  expect(await error).toMatchObject({ code: 'SQLITE_CORRUPT' });
  expect(rig.log.lines).toEqual([]);
});

describe('a calm moment', () => {
  test('is when nothing is in flight, or after a second; never while the gateway is not open or a relayer starts', async () => {
    const clock = new FakeClock();
    const state = { isOpen: true, isQuiet: true, startMs: 0 };
    const { signal } = new AbortController();
    let came = 0;
    const wait = () =>
      calm({
        isGatewayOpen: () => state.isOpen,
        isQuiet: () => state.isQuiet,
        notBeforeMs: clock.monotonicMs() + state.startMs,
        clock,
        signal,
      }).then(() => {
        came += 1;
      });
    await wait();
    expect(came).toBe(1);
    state.isQuiet = false;
    void wait();
    await clock.advance(900);
    expect(came).toBe(1);
    await clock.advance(200);
    expect(came).toBe(2);
    Object.assign(state, { isOpen: false, isQuiet: true });
    void wait();
    await clock.advance(hourMs);
    expect(came).toBe(2);
    state.isOpen = true;
    await clock.advance(100);
    expect(came).toBe(3);
    state.startMs = 1_000;
    void wait();
    await clock.advance(900);
    expect(came).toBe(3);
    await clock.advance(200);
    expect(came).toBe(4);
  });
});

describe('retention', () => {
  const dayMs = 24 * hourMs;

  async function prunable(isConfirming: boolean) {
    const file = newDatabaseFile();
    const db = plainConnection(file);
    const clock = new FakeClock();
    const log = new MemoryLog();
    for (const days of [1, 8, 15]) {
      const processed_at = isoText(clock.nowMs() - days * dayMs);
      insertEvent(db, { id: `open${days}`, status: 'processed', processed_at });
      insertEvent(db, {
        id: `stamped${days}`,
        status: 'processed',
        processed_at,
        confirmed_at: processed_at,
      });
    }
    const { signal } = new AbortController();
    const store = await openStore(file);
    await pruneRound({ store, clock, log, retentionMs: 7 * dayMs, isConfirming, signal });
    return { db, log, ids: db.prepare('SELECT id FROM events ORDER BY id').pluck().all() };
  }

  test('deletes what was confirmed, and what never was only after twice the time, with an alert', async () => {
    const { db, log, ids } = await prunable(true);
    expect(ids).toEqual(['open1', 'open8', 'stamped1']);
    expect(log.lines).toMatchObject([
      { level: 'info', fields: { events: 2 } },
      {
        level: 'error',
        message: 'deleted events past twice the retention that Convoy never confirmed',
        fields: { events: 1 },
      },
    ]);
    expect(db.prepare(`SELECT detail FROM outbox_log WHERE kind = 'unconfirmed_pruned'`).pluck().get()).toBe(
      '{"events":1}',
    );
  });

  test('goes by age alone when nothing is read back', async () => {
    const { db, log, ids } = await prunable(false);
    expect(ids).toEqual(['open1', 'stamped1']);
    expect(statusCounts(db)).toEqual({ processed: 2 });
    expect(log.lines).toMatchObject([{ level: 'info', fields: { events: 4 } }]);
  });
});
