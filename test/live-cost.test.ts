// What the live page reads while events pile up: no look walks the table, and a big backlog is never counted in one go.
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Glance } from '../apps/outbox/live-verbs.ts';
import { prepareLive } from '../apps/outbox/sqlite/live.ts';
import { Backlog } from '../apps/relayer/status/backlog.ts';
import { FakeClock } from './fake-clock.ts';
import { schemaSql } from './outbox-database.ts';

const db = new Database(':memory:');
db.exec(schemaSql());
const statements = Object.entries(prepareLive(db));

test.each(statements)('%s walks no table', (_, { source }) => {
  const named = Object.fromEntries([...source.matchAll(/:([a-zA-Z]+)/g)].map(([, name]) => [name, null]));
  const positional = Array.from({ length: source.split('?').length - 1 }, () => null);
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${source}`).all(...positional, named) as { detail: string }[];
  const steps = plan.map(({ detail }) => detail);
  expect(steps.join('\n')).toMatch(/events|outbox_log|sqlite_sequence/);
  expect(steps.filter((step) => /^SCAN (events|outbox_log)(?! USING)/.test(step))).toEqual([]);
});

/** A database of which only the numbers matter: `pending` fresh events up to `newestSeq`, all of them there. */
function fakeOutbox() {
  const outbox = { newestSeq: 0, headSeq: 1, delayed: { events: 7, isExact: true }, slices: [] as number[] };
  const store = {
    async freshBetween({ afterSeq, upToSeq }: { afterSeq: number; upToSeq: number }) {
      outbox.slices.push(upToSeq - afterSeq);
      clock.stall((upToSeq - afterSeq) / 62_500);
      return Math.max(0, upToSeq - Math.max(afterSeq, outbox.headSeq - 1));
    },
    async countDelayed() {
      clock.stall(1);
      return 30_000;
    },
  };
  const clock = new FakeClock();
  const glance = (accepted = 0): Glance => ({
    newestSeq: outbox.newestSeq,
    freshHeadSeq: outbox.headSeq > outbox.newestSeq ? null : outbox.headSeq,
    delayed: outbox.delayed,
    leased: 0,
    oldestPendingAtMs: null,
    dead: { events: 0, isExact: true },
    waiting: [],
    accepted,
    acceptances: [],
  });
  const backlog = new Backlog(store, clock);
  /** Counting needs the loop's turns in between. */
  const look = async (accepted = 0) => {
    const pending = backlog.pending(glance(accepted));
    await clock.settle();
    return pending;
  };
  return { outbox, clock, look };
}

test('a small backlog is counted exactly at every look', async () => {
  const { outbox, look } = fakeOutbox();
  expect(await look()).toEqual({ events: 7, isExact: true });
  outbox.newestSeq = 1_000;
  expect(await look()).toEqual({ events: 1_007, isExact: true });
  outbox.headSeq = 400;
  expect(await look(399)).toEqual({ events: 608, isExact: true });
});

test('a backlog of a million is counted in slices, seldom, and reckoned in between', async () => {
  const { outbox, clock, look } = fakeOutbox();
  outbox.newestSeq = 1_000_000;
  expect(await look()).toEqual({ events: 1_000_007, isExact: false });
  expect(outbox.slices.every((rows) => rows <= 50_000)).toBe(true);
  expect(outbox.slices).toHaveLength(20);
  outbox.newestSeq += 500;
  outbox.headSeq += 2_000;
  expect(await look(2_000)).toEqual({ events: 998_507, isExact: false });
  expect(outbox.slices).toHaveLength(20);
  // Counting took 16 ms: after a thousand times that it is counted anew.
  await clock.advance(16_001);
  expect(await look()).toEqual({ events: 998_507, isExact: false });
  expect(outbox.slices.length).toBeGreaterThan(20);
});

test('more delayed events than a glance counts are counted seldom, too', async () => {
  const { outbox, look } = fakeOutbox();
  outbox.delayed = { events: 20_000, isExact: false };
  expect(await look()).toEqual({ events: 30_000, isExact: false });
  expect(await look(100)).toEqual({ events: 29_900, isExact: false });
});
