// The server's time as a relayer keeps it: it follows when either clock is set, however busy the relayer is.
import { expect, test } from 'vitest';
import { keepAdjusted, serverClock } from '../apps/outbox/postgres/server-clock.ts';
import { FakeClock } from './fake-clock.ts';

test('the difference of the clocks is measured again every few seconds, and kept while the server is away', async () => {
  const local = new FakeClock();
  let aheadMs = 5_000;
  let isAway = false;
  // No real server's clock can be set by a test.
  const server = {
    async query<Row>(): Promise<readonly Row[]> {
      if (isAway) throw new Error('the server is away');
      return [{ now_ms: local.nowMs() + aheadMs } as Row];
    },
  };
  const clock = serverClock(server, local);
  await clock.adjust();
  expect(clock.offsetMs).toBe(5_000);
  const failures: unknown[] = [];
  const stop = keepAdjusted(clock, (error) => failures.push(error));
  aheadMs = -60_000;
  await local.advance(4_000);
  expect(clock.offsetMs).toBe(-60_000);
  isAway = true;
  aheadMs = 0;
  await local.advance(8_000);
  expect([clock.offsetMs, failures.length]).toEqual([-60_000, 2]);
  isAway = false;
  await local.advance(4_000);
  expect(clock.nowMs()).toBe(local.nowMs());
  stop();
  expect(local.pendingTimers).toBe(0);
});

test('a server that stood still while it was asked moves nothing, neither meanwhile nor afterwards', async () => {
  const local = new FakeClock();
  const seen: number[] = [];
  let frozenMs = 2_000;
  const server = {
    async query<Row>(): Promise<readonly Row[]> {
      seen.push(clock.offsetMs);
      local.stall(frozenMs);
      return [{ now_ms: local.nowMs() + 5_000 } as Row];
    },
  };
  const clock = serverClock(server, local);
  await clock.adjust();
  // The first that it gets, it takes.
  expect(clock.offsetMs).toBe(6_000);
  frozenMs = 0;
  await clock.adjust();
  frozenMs = 20_000;
  await clock.adjust();
  expect([...seen.slice(6), clock.offsetMs]).toEqual([5_000, 5_000, 5_000, 5_000]);
});
