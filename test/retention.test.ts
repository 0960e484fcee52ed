// Old processed events go, a few at a time, and only those.
import { expect, test } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { keepRetention } from '../apps/relayer/retention.ts';
import { FakeClock } from './fake-clock.ts';
import {
  insertEvents,
  newDatabaseFile,
  openStore,
  plainConnection,
  statusCounts,
} from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

const dayMs = 86_400_000;

async function scene(retentionMs: number) {
  const file = newDatabaseFile();
  const store = await openStore(file);
  const db = plainConnection(file);
  const clock = new FakeClock();
  const controller = new AbortController();
  const log = new MemoryLog();
  const processed = (count: number, ageMs: number) =>
    insertEvents(db, count, { status: 'processed', processed_at: isoText(clock.nowMs() - ageMs) });
  const done = keepRetention({
    store,
    clock,
    log,
    retentionMs,
    isConfirming: false,
    signal: controller.signal,
  });
  return { db, clock, log, controller, processed, done };
}

test('events past the retention are deleted in batches with pauses, within a minute', async () => {
  const { db, clock, log, processed } = await scene(7 * dayMs);
  processed(450, 8 * dayMs);
  processed(5, 6 * dayMs);
  insertEvents(db, 3);
  await clock.advance(60_000);
  expect(statusCounts(db)).toEqual({ processed: 255, pending: 3 });
  await clock.advance(1_000);
  expect(statusCounts(db)).toEqual({ processed: 5, pending: 3 });
  expect(log.lines).toMatchObject([
    { message: 'deleted processed events past the retention', fields: { events: 450 } },
  ]);
});

test('a retention of 0 keeps every event, and the record bounded all the same', async () => {
  const { db, clock, processed, controller, done } = await scene(0);
  processed(5, 100 * dayMs);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050)
           INSERT INTO outbox_log (kind) SELECT 'gateway' FROM n`);
  await clock.advance(60_000);
  expect(statusCounts(db)).toEqual({ processed: 5 });
  expect(db.prepare('SELECT count(*) FROM outbox_log').pluck().get()).toBe(10_000);
  controller.abort();
  await done;
});

test('an application that is just committing costs a round a moment, not its rest', async () => {
  const { db, clock, log, processed } = await scene(dayMs);
  processed(450, 2 * dayMs);
  await clock.advance(60_000);
  expect(statusCounts(db)).toEqual({ processed: 250 });
  db.exec('BEGIN IMMEDIATE');
  await clock.advance(200);
  db.exec('COMMIT');
  await clock.advance(1_000);
  expect(statusCounts(db)).toEqual({});
  expect(log.count('could not delete old events, trying again in a minute')).toBe(0);
});

test('a database that stays locked is tried again a minute later', async () => {
  const { db, clock, log, processed } = await scene(dayMs);
  processed(5, 2 * dayMs);
  db.exec('BEGIN IMMEDIATE');
  await clock.advance(75_000);
  expect(log.count('could not delete old events, trying again in a minute')).toBe(1);
  db.exec('COMMIT');
  await clock.advance(60_000);
  expect(statusCounts(db)).toEqual({});
});

test('it ends when the relayer stops, in the middle of a round too', async () => {
  const { db, clock, controller, processed, done } = await scene(dayMs);
  processed(450, 2 * dayMs);
  await clock.advance(60_000);
  controller.abort();
  await clock.settle();
  await done;
  expect(statusCounts(db)).toEqual({ processed: 250 });
  expect(clock.pendingTimers).toBe(0);
});
