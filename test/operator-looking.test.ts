// status, list and show, as processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { sqliteStore } from '../apps/outbox/sqlite/store.ts';
import { statusLines, statusReport } from '../scripts/outbox/status-report.ts';
import { spawnNode, waitFor } from './helpers.ts';
import { outbox, outboxJson, outboxScript } from './operator-command.ts';
import { insertEvent, insertEvents, newDatabaseFile, plainConnection } from './outbox-database.ts';
import { startSlotHolder } from './slot-holder.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const minute = 60_000;
const nowMs = Date.UTC(2026, 0, 1, 12);

test('status tells counts, gateway and relayers, in words and as JSON', async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  insertEvents(db, 3);
  insertEvent(db, { status: 'dead', last_error: 'HTTP 400: \u001b[31mred' });
  const holder = await startSlotHolder(file);
  await sqliteStore(db).log({ kind: 'relayer_started', detail: { slot: '00', pid: 77 }, nowMs: Date.now() });
  expect(outboxJson(file, 'status')).toMatchObject({
    counts: { pending: 3, leased: 0, processed: 0, dead: 1, discarded: 0 },
    due: 3,
    database: { file },
    gateway: { state: 'open' },
    relayers: [{ slot: holder.slot, pid: 77 }],
  });
  const { stdout } = outbox(file, 'status');
  expect(stdout).toMatch(/^pending +3 {2}due 3, leased 0, waiting 0, oldest /m);
  expect(stdout).toMatch(/^relayers +1 alive: 00 \(pid 77, for /m);
  expect(stdout).toMatch(/^why dead +1 x HTTP 400: \\u001b\[31mred$/m);
  await holder.kill();
  expect(outboxJson(file, 'status')).toMatchObject({ relayers: [], gateway: { state: 'no relayer runs' } });
});

test('status counts what Convoy has accepted and will not deliver, and says where to look', () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const processed = { status: 'processed', processed_at: isoText(nowMs) };
  insertEvents(db, 2, processed);
  insertEvent(db, { ...processed, last_error: 'Failure: no subscription matched this event' });
  expect(outboxJson(file, 'status')).toMatchObject({ unconfirmed: 3, undelivered: 1 });
  expect(outbox(file, 'status').stdout).toMatch(
    /^processed +3 {2}not yet confirmed 3, Convoy will not deliver 1: list --state undelivered$/m,
  );
});

test('a pause of the gateway is told with its reason until it is over, or its relayer has gone', async () => {
  const db = plainConnection(newDatabaseFile());
  const store = sqliteStore(db);
  const gatewayNow = async (slots: readonly string[]) => {
    const overview = await store.overview({ nowMs, windowMs: minute });
    const report = statusReport({
      overview,
      undelivered: 0,
      slots,
      database: { file: 'f', bytes: 1 },
      nowMs,
    });
    return statusLines(report, null).find((line) => line.startsWith('gateway'));
  };
  const log = (kind: 'gateway' | 'relayer_started', agoMs: number, detail: object) =>
    store.log({ kind, detail: { slot: '00', ...detail }, nowMs: nowMs - agoMs });
  await log('relayer_started', 9 * minute, { pid: 1 });
  expect(await gatewayNow(['00'])).toBe('gateway    open');
  await log('gateway', 3 * minute, { state: 'paused', reason: 'HTTP 503' });
  expect(await gatewayNow(['00'])).toBe('gateway    paused for 3 m: HTTP 503');
  expect(await gatewayNow([])).toBe('gateway    not known, no relayer runs; last seen paused: HTTP 503');
  await log('relayer_started', 2 * minute, { pid: 2 });
  expect(await gatewayNow(['00'])).toBe('gateway    open');
  await log('gateway', minute, { state: 'ramping', paused_ms: 9 });
  expect(await gatewayNow(['00'])).toBe('gateway    open for 1 m');
  // Such a relayer holds no slot by which it could be seen.
  await log('relayer_started', 1_000, { pid: 3, pooled: 'by transaction' });
  expect(await gatewayNow([])).toBe('gateway    not known');
});

test('status --watch goes on until it is stopped, which is no failure', async () => {
  const file = newDatabaseFile();
  const env = { ...process.env, DATABASE_URL: `file:${file}` };
  const watch = spawnNode(outboxScript, ['status', '--watch', '--every', '100ms', '--json'], { env });
  const pending = () => watch.stdout.split('\n').flatMap((line) => /"pending":(\d+)/.exec(line)?.[1] ?? []);
  await waitFor('a first report', () => pending().includes('0'));
  insertEvents(plainConnection(file), 2);
  await waitFor('a report of the new events', () => pending().includes('2'));
  watch.child.kill('SIGINT');
  expect([await watch.exited, watch.stderr]).toEqual([0, '']);
});

test('list shows a page of what matches, and the way to the next', () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  for (let n = 1; n <= 5; n++) insertEvent(db, { id: `e${n}`, status: 'dead', last_error: `HTTP 40${n}` });
  insertEvent(db, { id: 'other', business_id: 'other' });
  const list = (...args: string[]) =>
    outboxJson<{ events: { id: string }[]; nextBeyond: number | null }>(file, 'list', ...args);
  const first = list('--state', 'dead', '--limit', '3');
  expect([first.events.map(({ id }) => id), first.nextBeyond]).toEqual([['e5', 'e4', 'e3'], 3]);
  const second = list('--state', 'dead', '--limit', '3', '--beyond', '3');
  expect([second.events.map(({ id }) => id), second.nextBeyond]).toEqual([['e2', 'e1'], null]);
  expect(outbox(file, 'list', '--business', 'other').stdout).toMatch(
    /^other +\d.* due +invoice\.created +other +0$/m,
  );
  expect(outbox(file, 'list', '--error', '500')).toMatchObject({ status: 0, stdout: 'no events match\n' });
});

test('show tells the life of an event in order, and its payload only when asked', async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const at = (agoMs: number) => isoText(nowMs - agoMs);
  const seq = insertEvent(db, {
    id: 'abc',
    key_suffix: '~r2',
    payload: '{"secret":1}',
    status: 'processed',
    created_at: at(9_000),
    processed_at: at(4_000),
    confirmed_at: at(1_000),
    gateway: 'https://a.test/api/v1/projects/p',
  });
  const store = sqliteStore(db);
  await store.log({
    kind: 'redriven',
    eventSeq: seq,
    detail: { events: 1, keys: 'new', note: 'by id' },
    nowMs: nowMs - 6_000,
  });
  const { stdout, status } = outbox(file, 'show', 'abc~r2');
  expect(status).toBe(0);
  expect(stdout).not.toContain('secret');
  expect(stdout.split('\n').slice(-5)).toEqual([
    '  2026-01-01 11:59:51.000  created',
    '  2026-01-01 11:59:54.000  redriven by a person under a new key, 1 event: by id',
    '  2026-01-01 11:59:56.000  accepted by https://a.test/api/v1/projects/p, 5 s after its creation',
    '  2026-01-01 11:59:59.000  confirmed: read back from Convoy',
    '',
  ]);
  expect(outboxJson(file, 'show', 'abc', '--payload')).toMatchObject({
    payload: '{"secret":1}',
    event: { seq },
  });
});

test('show still tells of an acceptance before a redrive under a new key', async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const at = (agoMs: number) => isoText(nowMs - agoMs);
  insertEvent(db, {
    id: 'abc',
    status: 'processed',
    created_at: at(9_000),
    processed_at: at(7_000),
    confirmed_at: at(6_000),
    gateway: 'https://a.test/api/v1/projects/p',
  });
  const store = sqliteStore(db);
  const events = [(await store.find('abc'))?.event].filter((event) => event !== undefined);
  await store.redrive({ events, keys: 'new', note: 'by id', nowMs: nowMs - 5_000 });
  expect(outbox(file, 'show', 'abc').stdout.split('\n').slice(-5, -1)).toEqual([
    '  2026-01-01 11:59:51.000  created',
    '  2026-01-01 11:59:53.000  accepted by https://a.test/api/v1/projects/p under the key abc, 2 s after its creation',
    '  2026-01-01 11:59:54.000  confirmed: read back from Convoy',
    '  2026-01-01 11:59:55.000  redriven by a person under a new key, 1 event: by id',
  ]);
});

test('a reader that has seen enough is no failure', async () => {
  const file = newDatabaseFile();
  insertEvents(plainConnection(file), 5_000);
  const env = { ...process.env, DATABASE_URL: `file:${file}` };
  const list = spawn(process.execPath, [outboxScript, 'list', '--limit', '5000'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  list.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  list.stdout.once('data', () => list.stdout.destroy());
  const [code] = await once(list, 'close');
  expect([code, stderr]).toEqual([0, '']);
});
