// The verbs around the loop's turns wait for a locked database, as the loop itself does.
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { isBusy } from '../apps/outbox/sqlite/code.ts';
import { patientStore } from '../apps/relayer/patient-store.ts';
import { FakeClock } from './fake-clock.ts';
import { eventRow, insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

async function scene() {
  const file = newDatabaseFile();
  const clock = new FakeClock();
  const log = new MemoryLog();
  const controller = new AbortController();
  const inner = await openStore(file);
  const store = patientStore(inner, { clock, log, random: () => 0.5, signal: controller.signal });
  return { db: plainConnection(file), clock, log, controller, inner, store };
}

/** How a call ended: its error, `done`, or that it still waits. */
async function endOf(call: Promise<unknown>, clock: FakeClock): Promise<unknown> {
  let end: unknown = 'waits';
  call.then(
    () => {
      end = 'done';
    },
    (error: unknown) => {
      end = error;
    },
  );
  await clock.settle();
  return end;
}

test('a takeover and a line of the record wait until the lock is free, and are then done', async () => {
  const { db, clock, log, store } = await scene();
  const seq = insertEvent(db, { lease_id: '00:dead:1', claims: 1 });
  db.exec('BEGIN IMMEDIATE');
  const calls = [
    store.takeOver({ slot: '00', nowMs: clock.nowMs() }),
    store.log({ kind: 'relayer_started', detail: { slot: '00' }, nowMs: clock.nowMs() }),
  ];
  await clock.advance(10_000);
  for (const call of calls) expect(await endOf(call, clock)).toBe('waits');
  expect(log.count('the database cannot be written, trying on')).toBeGreaterThan(0);
  db.exec('COMMIT');
  await clock.advance(1_000);
  await Promise.all(calls);
  expect(eventRow(db, seq).lease_id).toBeNull();
  expect(await store.lastLogged('relayer_started')).toEqual({ slot: '00' });
});

test('a turn fails at once: the loop itself knows when to try again', async () => {
  const { db, clock, store } = await scene();
  insertEvent(db);
  db.exec('BEGIN IMMEDIATE');
  const claim = { slots: 1, leaseId: '00:a:1', leaseEndsAtMs: 1, dueByMs: clock.nowMs(), exceptSeqs: [] };
  const error = await endOf(store.turn({ settlements: [], claim, nowMs: clock.nowMs() }), clock);
  expect(isBusy(error)).toBe(true);
});

test('a takeover is tried on for as long as its lock is held', async () => {
  const { db, clock, store } = await scene();
  db.exec('BEGIN IMMEDIATE');
  let isHeld = true;
  const request = { slot: '00', nowMs: clock.nowMs() };
  const call = store.takeOver(request, () => isHeld);
  expect(await endOf(call, clock)).toBe('waits');
  isHeld = false;
  await clock.advance(100);
  expect(isBusy(await endOf(call, clock))).toBe(true);
  expect(
    isBusy(
      await endOf(
        store.takeOver(request, () => isHeld),
        clock,
      ),
    ),
  ).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a stop ends the waiting', async () => {
  const { db, clock, controller, store } = await scene();
  db.exec('BEGIN IMMEDIATE');
  const call = store.log({ kind: 'fenced', detail: {}, nowMs: clock.nowMs() });
  expect(await endOf(call, clock)).toBe('waits');
  controller.abort();
  expect(isBusy(await endOf(call, clock))).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a damaged database is not waited for', async () => {
  const { clock, inner, log, controller } = await scene();
  const broken = {
    ...inner,
    takeOver: () => Promise.reject(new Database.SqliteError('malformed', 'SQLITE_CORRUPT')),
  };
  const store = patientStore(broken, { clock, log, random: () => 0.5, signal: controller.signal });
  expect(await endOf(store.takeOver({ slot: '00', nowMs: 0 }), clock)).toMatchObject({
    code: 'ERR_OUTBOX_DATABASE_CORRUPT',
  });
});
