// Turns whose answer is lost with the connection: what they claimed does not wait for its lease to end, and what is in flight is let alone.
import { expect, test } from 'vitest';
import { DatabaseTrouble } from '../apps/outbox/database-trouble.ts';
import { insertEvents, statusCounts } from './outbox-database.ts';
import { createRig, type Rig } from './relayer-rig.ts';

const lost = () =>
  new DatabaseTrouble({ kind: 'passing', code: 'ECONNRESET', message: 'PostgreSQL cannot be reached' });

/** From the given turn on, so many are committed, and their answers lost. A server alone can do that, and not when it is asked to. */
function loseAnswers({ store }: Rig, from: number, count = 1): void {
  const turn = store.turn.bind(store);
  let turns = 0;
  store.turn = async (request) => {
    turns += 1;
    const result = await turn(request);
    if (turns >= from && turns < from + count) throw lost();
    return result;
  };
}

const leasedCount = (db: Rig['db']) =>
  db.prepare('SELECT count(*) FROM events WHERE lease_id IS NOT NULL').pluck().get();

/** No event waits for the end of its lease. */
const longBeforeLeasesEndMs = 5_000;

test('what such a turn claimed is given back, and sent once', async () => {
  const rig = await createRig({ concurrency: 4 });
  insertEvents(rig.db, 10);
  loseAnswers(rig, 1);
  void rig.start();
  await rig.clock.advance(longBeforeLeasesEndMs);
  expect(statusCounts(rig.db)).toEqual({ processed: 10 });
  expect(rig.convoy.sent).toHaveLength(10);
  expect(rig.convoy.sent.every(({ claims }) => claims === 1)).toBe(true);
  expect(rig.log.count('gave back what was claimed when the connection was lost')).toBe(1);
});

test('what such a turn settled is not told as lost to another relayer, and nothing in flight is given back', async () => {
  const rig = await createRig({ concurrency: 4 });
  insertEvents(rig.db, 12);
  loseAnswers(rig, 2, 3);
  void rig.start();
  await rig.clock.advance(longBeforeLeasesEndMs);
  expect(statusCounts(rig.db)).toEqual({ processed: 12 });
  expect(rig.convoy.sent).toHaveLength(12);
  expect(rig.log.count('leases lost to another relayer')).toBe(0);
  expect(rig.leasesLost()).toBe(0);
  expect(rig.log.count('settled already when the connection was lost')).toBe(1);
});

test('a claim that the server commits after its connection was lost is found, too', async () => {
  const { store, clock, db, start } = await createRig({ concurrency: 4 });
  const turn = store.turn.bind(store);
  store.turn = async (request) => {
    store.turn = turn;
    clock.after(1_500, () => {
      insertEvents(db, 4);
      void turn(request);
    });
    throw lost();
  };
  void start();
  await clock.advance(2_000);
  expect(leasedCount(db)).toBe(4);
  // Nobody wakes it.
  await clock.advance(1_000);
  expect(statusCounts(db)).toEqual({ processed: 4 });
  // Once the lease would have ended it asks no more.
  await clock.advance(31_000);
  expect(clock.pendingTimers).toBe(0);
});

test('a turn that was answered and failed afterwards keeps what it claimed', async () => {
  const rig = await createRig({ concurrency: 4 });
  insertEvents(rig.db, 3);
  const nextDueAtMs = rig.store.nextDueAtMs.bind(rig.store);
  let failures = 0;
  rig.store.nextDueAtMs = async (nowMs) => {
    failures += 1;
    if (failures === 1) throw lost();
    return nextDueAtMs(nowMs);
  };
  rig.convoy.latencyMs = 3_000;
  void rig.start();
  await rig.clock.advance(longBeforeLeasesEndMs);
  expect(failures).toBeGreaterThan(1);
  expect(rig.convoy.sent).toHaveLength(3);
  expect(statusCounts(rig.db)).toEqual({ processed: 3 });
  expect(rig.log.count('gave back what was claimed when the connection was lost')).toBe(0);
});
