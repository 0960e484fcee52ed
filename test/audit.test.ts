// `audit` as a process against the sandbox: every way in which the outbox and Convoy can differ, and that what cannot be read
// is never called missing.
import { expect, test, vi } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { sqliteStore } from '../apps/outbox/sqlite/store.ts';
import type { RowReader } from '../scripts/outbox/audit/convoy-rows.ts';
import { reconcile } from '../scripts/outbox/audit/reconcile.ts';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { placeFor, quietSandbox, startRelayer, stopAll } from './both-apps.ts';
import { waitFor } from './helpers.ts';
import { outboxWith } from './operator-command.ts';
import { insertEvent, newDatabaseFile, plainConnection, statusCounts } from './outbox-database.ts';
import { acme, eventBody, post } from './sandbox-client.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

interface Audit {
  readonly isClean: boolean;
  readonly accepted: number;
  readonly delivering: number;
  readonly missing: readonly { key: string }[];
  readonly failed: readonly { key: string; words: string }[];
  readonly extra: readonly { key: string }[];
}

async function delivered(place: ReturnType<typeof placeFor>, events: number): Promise<void> {
  const relayer = startRelayer(place);
  const db = plainConnection(place.file);
  await waitFor('everything is accepted', () => statusCounts(db).processed === events);
  expect(await stopAll(relayer)).toEqual([0]);
}

const stored = (sandbox: Sandbox, rows: number) =>
  waitFor(
    'everything is stored',
    () => sandbox.state().rows === rows && sandbox.state().waitingToBeStored === 0,
  );

test('missing, failed and extra events are found, and what is missing can be sent again', {
  timeout: 60_000,
}, async () => {
  const sandbox = await quietSandbox();
  const place = placeFor(sandbox);
  const db = plainConnection(place.file);
  const audit = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await outboxWith(place.env, 'audit', '--json', ...args);
    expect(stderr).toBe('');
    const result = JSON.parse(stdout) as Audit;
    expect(status).toBe(result.isClean ? 0 : 5);
    return result;
  };
  for (const id of ['good', 'renamed', 'lost']) insertEvent(db, { id, business_id: acme });
  insertEvent(db, { id: 'homeless', business_id: 'nobody' });
  sandbox.faults.add({ kind: 'accepted-lost', key: 'lost' });
  await delivered(place, 4);
  await post(sandbox, eventBody('stranger'));
  await stored(sandbox, 4);
  db.exec(`UPDATE events SET key_suffix = '~r2', status = 'dead' WHERE id = 'renamed'`);
  expect(await audit('--until', '0')).toMatchObject({
    isClean: false,
    accepted: 3,
    delivering: 1,
    missing: [{ key: 'lost' }],
    failed: [{ key: 'homeless', words: 'Failure: no subscription matched this event' }],
    extra: [{ key: 'stranger' }],
  });
  const { status, stdout } = await outboxWith(place.env, 'audit', '--until', '0');
  expect([status, stdout]).toEqual([5, expect.stringMatching(/^missing +1 .*\n/m)]);
  expect(stdout).toMatch(/^to do: .*redrive --again KEY/m);

  sandbox.faults.replace();
  expect(await outboxWith(place.env, 'redrive', 'lost')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('--again'),
  });
  expect((await outboxWith(place.env, 'redrive', 'lost', '--again')).status).toBe(0);
  await delivered(place, 3);
  await stored(sandbox, 5);
  expect(await audit('--until', '0')).toMatchObject({ accepted: 3, delivering: 2, missing: [] });
  expect(await audit('--since', '2020-01-01T00:00Z', '--until', '2020-01-02T00:00Z')).toMatchObject({
    isClean: true,
    accepted: 0,
    extra: [],
  });
});

test('a Convoy that cannot be read, or a period that is none, concludes nothing', {
  timeout: 60_000,
}, async () => {
  const sandbox = await quietSandbox();
  const place = placeFor(sandbox);
  for (const [changes, args, code, says] of [
    [{ CONVOY_API_KEY: 'wrong' }, [], 1, /cannot be read: HTTP 401.*Nothing is concluded/],
    [{ CONVOY_PROJECT_ID: 'other' }, [], 2, /CONVOY_PROJECT_ID is other, but the key belongs to project/],
    [{}, ['--since', '1m', '--until', '1h'], 2, /--since: expected an instant before --until/],
    [{}, ['--since', 'yesterday'], 2, /--since: expected 24h or/],
    [{}, ['--since', '2026-13-01T00:00Z'], 2, /--since: expected 24h or/],
    [{ CONVOY_API_KEY: '' }, [], 2, /CONVOY_API_KEY not set/],
  ] as const) {
    const { status, stdout, stderr } = await outboxWith({ ...place.env, ...changes }, 'audit', ...args);
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(says);
  }
});

test('many events that the list of the period lacks are read in bulk, not asked for one by one', async () => {
  const db = plainConnection(newDatabaseFile());
  const acceptedAtMs = Date.UTC(2026, 0, 1);
  const gateway = 'https://a.test/api/v1/projects/p';
  const columns = { status: 'processed', processed_at: isoText(acceptedAtMs), gateway };
  for (let n = 0; n < 201; n++) insertEvent(db, { id: `e${n}`, ...columns });
  const late = (key: string) =>
    ({ key, state: 'delivering', words: 'Success', storedAtMs: acceptedAtMs + 7_200_000 }) as const;
  const spans: number[] = [];
  const rows: RowReader = {
    async *between({ toMs }) {
      spans.push(toMs);
      yield spans.length === 1 ? [] : Array.from({ length: 200 }, (_, n) => late(`e${n}`));
    },
    find: () => Promise.reject(new Error('one by one')),
  };
  const nowMs = acceptedAtMs + 86_400_000;
  const work = { signal: new AbortController().signal, tell() {} };
  const period = { fromMs: acceptedAtMs, toMs: acceptedAtMs + 1_000, nowMs };
  const result = await reconcile({ store: sqliteStore(db), gateway, rows, ...period, work });
  expect(result).toMatchObject({ accepted: 201, delivering: 200, missing: [{ key: 'e200' }], extra: [] });
  expect(spans[1]).toBeGreaterThan(nowMs);
});
