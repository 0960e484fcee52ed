// The parts of a benchmark that are measured only when they are named: what they are made of. What they measure is not judged.
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { listEvents } from '../apps/outbox/convoy-events.ts';
import { bulkKey } from '../scripts/bench/bulk-rows.ts';
import { addInBulk, postponeAll, roomIn } from '../scripts/bench/bulk-sqlite.ts';
import { readBenchConfig } from '../scripts/bench/config.ts';
import { businessIds } from '../scripts/bench/event-form.ts';
import { flatMeasures } from '../scripts/bench/flat-measures.ts';
import { checkRoom, flatPoints } from '../scripts/bench/flat-points.ts';
import { Gateway } from '../scripts/bench/gateway.ts';
import { looksAtSqlite } from '../scripts/bench/looks-sqlite.ts';
import { cellsOf, eventsOf, rateOf } from '../scripts/bench/slots.ts';
import { StoredList } from '../scripts/bench/stored-list.ts';
import { tempDirectory } from './helpers.ts';
import { insertEvents, newDatabaseFile, plainConnection } from './outbox-database.ts';

const { signal } = new AbortController();
const accepted = { kind: 'processed', gateway: 'http://g', fromMs: 1e12, stepMs: 10 } as const;

test('events added in bulk are events: they keep every rule of the table, and follow what is there', async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  insertEvents(db, 2);
  db.close();
  await addInBulk(file, { count: 300, rows: { ...accepted, isConfirmed: true } }, signal);
  await addInBulk(file, { count: 20, rows: { ...accepted, isConfirmed: false } }, signal);
  await addInBulk(file, { count: 5, rows: { kind: 'pending', availableAtMs: 0 } }, signal);
  const filled = new Database(file, { readonly: true });
  onTestFinished(() => void filled.close());
  expect(filled.pragma('integrity_check', { simple: true })).toBe('ok');
  const rows = filled
    .prepare(
      `SELECT seq, id, business_id, status, created_at, processed_at, confirmed_at IS NOT NULL AS confirmed,
              payload ->> '$.data.id' AS invoice FROM events WHERE seq > 2 ORDER BY seq`,
    )
    .all() as Readonly<Record<string, unknown>>[];
  expect(rows.map(({ id }) => id)).toEqual(rows.map((_, index) => bulkKey(index + 3)));
  expect(new Set(rows.map(({ business_id: id }) => id))).toEqual(new Set(businessIds));
  expect(new Set(rows.map(({ invoice }) => invoice)).size).toBe(325);
  expect(rows.map(({ confirmed }) => confirmed)).toEqual([...Array(300).fill(1), ...Array(25).fill(0)]);
  expect(rows[1]).toMatchObject({
    ...{ status: 'processed', processed_at: '2001-09-09T01:46:40.010+00:00' },
    created_at: '2001-09-09T01:46:40.005+00:00',
  });
  expect(rows.at(-1)).toMatchObject({ status: 'pending', processed_at: null });
});

test('an interruption ends the filling', async () => {
  const rows = { kind: 'pending', availableAtMs: 0 } as const;
  const filling = addInBulk(newDatabaseFile(), { count: 10, rows }, AbortSignal.abort());
  await expect(filling).rejects.toMatchObject({ code: 'ERR_BENCH_INTERRUPTED' });
});

test('what waits for tomorrow is not waited for', async () => {
  const file = newDatabaseFile();
  await addInBulk(file, { count: 3, rows: { kind: 'pending', availableAtMs: 0 } }, signal);
  const left = looksAtSqlite.pendingIn(file);
  expect(await left()).toBe(true);
  postponeAll(file, Date.now() + 86_400_000);
  expect(await left()).toBe(false);
});

test('the list of stored events is read back whole, page by page, by time, each row as long as one of Convoy', async () => {
  const gateway = new Gateway({ latencyMs: 0 });
  onTestFinished(() => gateway.close());
  gateway.stored = new StoredList({ firstSeq: 11, count: 25, fromMs: 1e12, stepMs: 1_000 });
  const baseUrl = `http://127.0.0.1:${await gateway.listen()}/api`;
  const access = { baseUrl, projectId: 'bench', apiKey: 'k', timeoutMs: 5_000 };
  const keys: string[] = [];
  let pages = 0;
  for (let cursor: string | null = null; ; pages++) {
    const query = { fromMs: 1e12 + 5_000, toMs: 1e12 + 60_000, perPage: 8, cursor, signal };
    const page = await listEvents(access, query);
    if (page.kind !== 'page') throw new Error(page.kind);
    keys.push(...page.events.map(({ key }) => key));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(keys).toEqual(Array.from({ length: 20 }, (_, index) => bulkKey(16 + index)));
  expect(pages).toBe(2);
  const [, rows] = gateway.stored.page(new URLSearchParams({ perPage: '3' }));
  expect(rows?.length).toBe(3 * 1_600 - 1);
  const none = await listEvents(access, { fromMs: 0, toMs: 1, perPage: 8, cursor: null, signal });
  expect(none).toMatchObject({ kind: 'page', events: [], nextCursor: null });
});

test('what takes long is measured only when it is named', async () => {
  const usual = await readBenchConfig([]);
  expect(usual).toMatchObject({ sizes: [1_000, 100_000, 1_000_000], processed: 10_000_000 });
  if (typeof usual === 'string') throw new Error(usual);
  for (const part of ['flat', 'confirm', 'prune', 'slots', 'relayers', 'bloat'] as const) {
    expect(usual.only).not.toContain(part);
    const args = ['--only', part, '--database', 'postgres'];
    expect(await readBenchConfig(args)).toMatchObject({ only: [part] });
  }
});

test.each([
  ['sizes that do not rise', ['--sizes', '1000,100'], /--sizes: expected whole numbers/],
  ['a size of nothing', ['--sizes', '0,100'], /--sizes: expected whole numbers/],
  ['sizes in words', ['--sizes', '1k'], /--sizes: expected whole numbers/],
  ['a pace of nothing', ['--per-second', '0'], /--per-second: expected a whole number/],
  ['too many processed', ['--processed', '1000000000'], /--processed: expected a whole number/],
])('%s are refused by name', async (_what, args, message) => {
  await expect(readBenchConfig(args)).rejects.toMatchObject({ code: 'ERR_BENCH_USAGE' });
  await expect(readBenchConfig(args)).rejects.toThrow(message);
});

test('the last point is the smallest one with processed events in the table, and may be left out', () => {
  const points = flatPoints({ sizes: [1_000, 100_000], processed: 10_000_000 });
  expect(points).toEqual([
    { name: '1000', label: '1K pending', pending: 1_000, processed: 0 },
    { name: '100000', label: '100K pending', pending: 100_000, processed: 0 },
    { name: 'processed-10000000', label: '10M processed', pending: 1_000, processed: 10_000_000 },
  ]);
  expect(flatPoints({ sizes: [1_000, 100_000], processed: 0 })).toHaveLength(2);
});

test('a disk without room is told before anything is built', () => {
  const room = roomIn(tempDirectory());
  const [point] = flatPoints({ sizes: [1_000], processed: 0 });
  if (point === undefined) throw new Error('no point');
  expect(() => checkRoom(room, [point], 20_000)).not.toThrow();
  expect(() => checkRoom(room, [{ ...point, processed: 1e15 }], 0)).toThrow(
    /^flat needs \d+\.\d GB in .*, and \d+\.\d GB are free: name another disk with TMPDIR/,
  );
});

test('a point is divided by the smallest one of the same run', () => {
  const window = (wallUs: number, cpuUs: number) => ({ startMs: 100, wallUs, cpuUs, serverUs: null });
  const seen = (ms: number) => ({ arrival: [ms, ms], cpuUs: ms * 100 });
  const runs = {
    drains: [
      [window(100, 50), window(110, 60)],
      [window(200, 50), window(200, 40)],
    ],
    trickles: [
      [seen(2), seen(3)],
      [seen(4), seen(4)],
    ],
    window: 10,
  };
  const point = { name: '9', label: '9 pending', pending: 9, processed: 0 };
  const values = Object.fromEntries(flatMeasures(point, 1, runs).map(({ name, values }) => [name, values]));
  expect(values).toMatchObject({
    'flat.9.rate': [1e6 / 110, 5_000],
    'flat.9.time.ratio': [1.1, 1],
    'flat.9.cpu.ratio': [1.2, 0.8],
    'flat.9.arrival.p99.ratio': [1.5, 1],
    'flat.9.arrival.cpu': [300, 400],
    'flat.9.arrival.cpu.ratio': [1.5, 1],
  });
  expect(flatMeasures(point, 0, runs).filter(({ name }) => name.endsWith('.ratio'))).toEqual([]);
});

test('slots are measured in all combinations but for what was asked for, with waves enough for the slow ones', () => {
  expect(cellsOf({ gatewayLatencyMs: 0, relayers: 1, concurrency: null })).toHaveLength(27);
  const [cell, ...others] = cellsOf({ gatewayLatencyMs: 200, relayers: 2, concurrency: 64 });
  expect(others).toEqual([]);
  if (cell === undefined) throw new Error('no combination');
  expect(cell).toEqual({ latencyMs: 200, relayers: 2, concurrency: 64 });
  expect(eventsOf(cell)).toBe(2 * 64 * 10);
  expect(eventsOf({ ...cell, latencyMs: 20 })).toBe(2 * 64 * 75);
  expect(eventsOf({ ...cell, latencyMs: 0 })).toBe(15_000);
});

test('waves of requests are counted whole', () => {
  const arrivals = (waves: number, slots: number) =>
    Array.from({ length: waves * slots }, (_, index) => Math.floor(index / slots) * 200);
  for (const waves of [10, 11, 15]) expect(rateOf(arrivals(waves, 64), 64)).toBe(320);
});
