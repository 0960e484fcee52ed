// Delayed events and a backlog of fresh ones: nobody waits for ever.
import { expect, onTestFinished, test } from 'vitest';
import { keepOverdue } from '../apps/relayer/overdue.ts';
import { FakeClock } from './fake-clock.ts';
import {
  eventRow,
  insertEvent,
  insertEvents,
  newDatabaseFile,
  openStore,
  plainConnection,
} from './outbox-database.ts';
import { MemoryLog } from './relayer-rig.ts';

async function scene() {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const store = await openStore(file);
  const clock = new FakeClock();
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const gateway = { isOpen: true };
  const log = new MemoryLog();
  void keepOverdue({
    store,
    isGatewayOpen: () => gateway.isOpen,
    clock,
    log,
    signal: controller.signal,
  });
  const claimOne = async () => {
    const nowMs = clock.nowMs();
    const claim = {
      slots: 1,
      leaseId: `00:t:${nowMs}`,
      leaseEndsAtMs: nowMs + 30_000,
      dueByMs: nowMs,
      exceptSeqs: [],
    };
    return (await store.turn({ settlements: [], claim, nowMs })).claimed[0]?.seq;
  };
  return { db, clock, gateway, log, claimOne };
}

test('an event whose delay has ended comes before a backlog of fresh ones, seconds later', async () => {
  const { db, clock, claimOne } = await scene();
  const delayed = insertEvent(db, { available_at: clock.nowMs() + 500, wait_reason: 'retry' });
  insertEvents(db, 20);
  expect(await claimOne()).not.toBe(delayed);
  await clock.advance(5_000);
  expect(await claimOne()).toBe(delayed);
});

test('an event whose delay has not ended waits on', async () => {
  const { db, clock, claimOne } = await scene();
  const delayed = insertEvent(db, { available_at: clock.nowMs() + 60_000 });
  insertEvents(db, 3);
  await clock.advance(5_000);
  for (let n = 0; n < 3; n++) expect(await claimOne()).not.toBe(delayed);
  expect(await claimOne()).toBeUndefined();
});

test('while the gateway is not open nothing is put in front', async () => {
  const { db, clock, gateway } = await scene();
  const dueAtMs = clock.nowMs() + 500;
  const delayed = insertEvent(db, { available_at: dueAtMs, wait_reason: 'gateway' });
  gateway.isOpen = false;
  await clock.advance(20_000);
  expect(eventRow(db, delayed).available_at).toBe(dueAtMs);
  gateway.isOpen = true;
  await clock.advance(5_000);
  expect(eventRow(db, delayed).available_at).toBe(0);
});

test('a clock that was set back leaves no delayed event waiting for the old time, and no scheduled one is sent early', async () => {
  const { db, clock, log, gateway } = await scene();
  gateway.isOpen = false;
  await clock.advance(5_000);
  const availableAtMs = clock.nowMs() + 450_000;
  const delayed = [
    insertEvent(db, { available_at: availableAtMs, wait_reason: 'retry' }),
    insertEvent(db, { available_at: availableAtMs, claims: 2 }),
  ];
  const scheduled = insertEvent(db, { available_at: availableAtMs });
  await clock.advance(60_000);
  for (const seq of delayed) expect(eventRow(db, seq).available_at).toBe(availableAtMs);
  clock.step(-3_600_000);
  await clock.advance(60_000);
  for (const seq of delayed) expect(eventRow(db, seq).available_at).toBeLessThanOrEqual(clock.nowMs());
  expect(eventRow(db, scheduled).available_at).toBe(availableAtMs);
  expect(log.count('the clock was set back, called back events delayed by the old time')).toBe(1);
});
