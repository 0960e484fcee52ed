// What a relayer says of its looks around while the database refuses them.
import { expect, test } from 'vitest';
import { lookAround } from '../apps/relayer/look-around.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryLog } from './relayer-rig.ts';

test('an hour of a full disk is told in a few lines, and the next trouble at once', async () => {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const stopping = new AbortController();
  let isFull = true;
  const full = async (): Promise<never> => {
    throw new Error('database or disk is full');
  };
  const looking = lookAround({
    relayer: { wake() {}, isQuiet: false },
    database: { assertSame() {}, tidyUp: async () => true },
    store: { slotsWithLeases: () => (isFull ? full() : Promise.resolve([])) },
    slots: {},
    slot: { name: '00', assertHeld() {} },
    ...{ everyMs: 5_000, clock, log, signal: stopping.signal },
  } as never);
  const told = () => log.count('could not look for dead relayers, trying again');
  await clock.advance(3_600_000);
  expect(told()).toBeGreaterThan(5);
  expect(told()).toBeLessThan(20);

  isFull = false;
  await clock.advance(10_000);
  const before = told();
  isFull = true;
  await clock.advance(10_000);
  expect(told()).toBeGreaterThan(before);
  stopping.abort();
  await looking;
});
