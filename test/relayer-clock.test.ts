// The wall clock is set while events are in flight.
import { expect, test } from 'vitest';
import { insertEvent, statusCounts } from './outbox-database.ts';
import { createRig } from './relayer-rig.ts';

test('a relayer never claims again what it has in flight, even when the clock was set past its lease', async () => {
  const { db, clock, convoy, log, relayer, start } = await createRig();
  insertEvent(db);
  convoy.latencyMs = 9_000;
  void start();
  await clock.advance(100);
  clock.step(3_600_000);
  insertEvent(db);
  relayer.wake();
  await clock.advance(1_000);
  expect(convoy.sent.map(({ seq }) => seq)).toEqual([1, 2]);
  await clock.advance(20_000);
  expect(convoy.sent).toHaveLength(2);
  expect(statusCounts(db)).toEqual({ processed: 2 });
  expect(log.count('the database cannot be written, trying on')).toBe(0);
});

test('a clock set back delays no event that was never delayed', async () => {
  const { db, clock, convoy, relayer, start } = await createRig();
  void start();
  await clock.advance(100);
  clock.step(-3_600_000);
  insertEvent(db);
  relayer.wake();
  await clock.advance(100);
  expect(convoy.accepted).toEqual([1]);
});
