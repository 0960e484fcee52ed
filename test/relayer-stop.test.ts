// How a relayer ends: it finishes what is in flight, gives back the rest, and claims nothing new.
import { expect, test } from 'vitest';
import { eventRow, insertEvents, statusCounts } from './outbox-database.ts';
import { createRig, type Rig, unavailable } from './relayer-rig.ts';

/** Starts a relayer and lets it fill its slots from 20 events. */
async function started(latencyMs: number | null, change: Parameters<typeof createRig>[0] = {}) {
  const rig = await createRig({ concurrency: 4, ...change });
  // Interrupted twice before: what a stop gives back must look as it did.
  insertEvents(rig.db, 20, { claims: 2 });
  rig.convoy.latencyMs = latencyMs;
  let isStopped = false;
  const done = rig.start().then(() => {
    isStopped = true;
  });
  await rig.clock.settle();
  expect(rig.convoy.inFlight).toBe(4);
  return { ...rig, done, isStopped: () => isStopped };
}

function leases({ db }: Rig): number {
  return Number(db.prepare('SELECT count(lease_id) FROM events').pluck().get());
}

test('a stop waits for what is in flight, settles it, and claims nothing more', async () => {
  const rig = await started(1_000);
  rig.relayer.stop();
  await rig.clock.advance(999);
  expect(rig.isStopped()).toBe(false);
  await rig.clock.advance(10);
  expect(rig.isStopped()).toBe(true);
  expect(rig.convoy.sent).toHaveLength(4);
  expect(statusCounts(rig.db)).toEqual({ pending: 16, processed: 4 });
  expect(leases(rig)).toBe(0);
});

test('at the drain timeout the rest is given back as if never claimed', async () => {
  const rig = await started(8_000);
  rig.relayer.stop();
  await rig.clock.advance(4_999);
  expect(rig.isStopped()).toBe(false);
  expect(leases(rig)).toBe(4);
  await rig.clock.advance(10);
  expect(rig.isStopped()).toBe(true);
  for (const seq of [1, 2, 3, 4]) {
    expect(eventRow(rig.db, seq)).toMatchObject({
      status: 'pending',
      lease_id: null,
      claims: 2,
      available_at: 0,
      attempts: 0,
    });
  }
});

test('an answer that comes after its event was given back changes nothing', async () => {
  const rig = await started(6_000);
  rig.relayer.stop();
  await rig.clock.advance(5_010);
  await rig.done;
  const successor = await createRig({ beside: rig, slot: '01', concurrency: 1 });
  successor.convoy.latencyMs = 3_000;
  void successor.start();
  await rig.clock.advance(2_000);
  expect(rig.convoy.accepted).toEqual([1, 2, 3, 4]);
  expect(eventRow(rig.db, 1)).toMatchObject({
    status: 'pending',
    claims: 3,
    lease_id: expect.stringMatching(/^01:/),
  });
  await rig.clock.advance(2_000);
  expect(eventRow(rig.db, 1).status).toBe('processed');
});

test('a drain timeout of zero gives everything back at once', async () => {
  const rig = await started(1_000, { drainTimeoutMs: 0 });
  rig.relayer.stop();
  await rig.clock.advance(1);
  expect(rig.isStopped()).toBe(true);
  expect(leases(rig)).toBe(0);
});

test('a second stop does not give the drain more time', async () => {
  const rig = await started(null);
  rig.relayer.stop();
  await rig.clock.advance(4_000);
  rig.relayer.stop();
  await rig.clock.advance(1_100);
  expect(rig.isStopped()).toBe(true);
});

test('an idle relayer stops at once, and so does one that was never allowed to send', async () => {
  for (const mayStart of [true, false]) {
    const rig = await createRig();
    const done = mayStart ? rig.start() : rig.relayer.run();
    await rig.clock.advance(1_000);
    rig.relayer.stop();
    await rig.clock.settle();
    await done;
    expect(rig.clock.pendingTimers).toBe(0);
  }
});

test('a stop in the middle of an outage ends too', async () => {
  const rig = await createRig();
  insertEvents(rig.db, 20);
  rig.convoy.answer = () => unavailable({ retryAfterMs: 60_000 });
  const done = rig.start();
  await rig.clock.advance(10_000);
  rig.relayer.stop();
  await rig.clock.settle();
  await done;
  expect(leases(rig)).toBe(0);
});

test('a stop gives up on a database that stays locked, two seconds after the drain, and loses nothing', async () => {
  const rig = await started(1_000);
  await rig.clock.advance(500);
  rig.db.exec('BEGIN IMMEDIATE');
  rig.relayer.stop();
  await rig.clock.advance(6_900);
  expect(rig.isStopped()).toBe(false);
  await rig.clock.advance(300);
  expect(rig.isStopped()).toBe(true);
  rig.db.exec('COMMIT');
  // The leases are still there for a successor's takeover.
  expect(leases(rig)).toBe(4);
});
