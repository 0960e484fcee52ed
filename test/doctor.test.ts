// The doctor as a process, on a healthy system and on one trouble after the other.
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Finding } from '../scripts/outbox/doctor/finding.ts';
import {
  allDelivered,
  moreInvoices,
  placeFor,
  quietSandbox,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { outboxWith } from './operator-command.ts';
import { insertEvents, plainConnection } from './outbox-database.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

/** The findings, and whether the exit code says what they say. PM2 is looked for where there is none. */
async function doctor(env: NodeJS.ProcessEnv, changes: NodeJS.ProcessEnv = {}) {
  const quiet = { ...env, PM2_HOME: path.join(tempDirectory(), 'no-pm2') };
  const { status, stdout, stderr } = await outboxWith({ ...quiet, ...changes }, 'doctor', '--json');
  expect(stderr).toBe('');
  const { isWell, findings } = JSON.parse(stdout) as { isWell: boolean; findings: Finding[] };
  expect([status, isWell]).toEqual(findings.some(({ level }) => level === 'wrong') ? [5, false] : [0, true]);
  return (check: string, says = '') =>
    findings.find((finding) => finding.check === check && finding.says.includes(says));
}

test('a system that runs is well, each process as durable as it says', async () => {
  const place = placeFor(await quietSandbox());
  chmodSync(place.file, 0o600);
  const [ingester, relayer] = [startIngester(place), startRelayer(place)];
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  await moreInvoices(place);
  await allDelivered(place);
  const finding = await doctor(place.env);
  for (const check of [
    'node',
    'permissions',
    'room',
    'schema',
    'sqlite',
    'journal',
    'wal',
    'indexes',
    'claim',
    'clock',
    'convoy',
    'convoy clock',
    'businesses',
  ]) {
    expect([check, finding(check)?.level]).toEqual([check, 'ok']);
  }
  expect(finding('relayer 00')).toMatchObject({
    level: 'ok',
    says: expect.stringContaining(`pid ${relayer.pid}: synchronous NORMAL`),
  });
  if (process.platform === 'linux') {
    const ofThisTest = finding('writer', `pid ${process.pid} `);
    expect(ofThisTest).toMatchObject({
      level: 'unknown',
      todo: expect.stringContaining('synchronous = FULL'),
    });
  }
  expect(finding('writer', `pid ${ingester.pid} `)).toMatchObject({
    level: 'ok',
    says: expect.stringContaining('synchronous FULL'),
  });
  expect(finding('pm2')?.says).toMatch(/^none runs/);
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
});

test('each trouble is one line that says what to do, and exit code 5 when something is wrong', {
  timeout: 60_000,
}, async () => {
  const sandbox = await quietSandbox();
  const { env, file } = placeFor(sandbox);
  const db = plainConnection(file);
  insertEvents(db, 2, { business_id: 'nobody' });
  chmodSync(file, 0o644);
  db.exec('DROP INDEX events_due; DROP INDEX events_business');
  const finding = await doctor(env);
  for (const [check, level, says] of [
    ['permissions', 'caution', /mode 644/],
    ['indexes', 'caution', /not there: events_due, events_business/],
    ['claim', 'wrong', /does not use the index events_due/],
    ['relayers', 'caution', /none is running/],
    ['business nobody', 'wrong', /has no endpoint/],
  ] as const) {
    expect(finding(check)).toMatchObject({
      level,
      says: expect.stringMatching(says),
      todo: expect.any(String),
    });
  }
  for (const [changes, check, says] of [
    [{ CONVOY_API_KEY: 'wrong' }, 'convoy key', /HTTP 401/],
    [{ CONVOY_PROJECT_ID: 'other' }, 'convoy project', /the key belongs to project sandbox/],
    [{ CONVOY_BASE_URL: 'http://127.0.0.1:1' }, 'convoy', /ECONNREFUSED/],
    [{ CONVOY_BASE_URL: `${sandbox.url.replace(/api$/, 'other')}` }, 'convoy', /text\/html/],
    [{ CONVOY_API_KEY: '' }, 'convoy', /CONVOY_API_KEY not set/],
    [{ DATABASE_URL: `file:${file}-typo` }, 'database', /there is none at .*-typo$/],
  ] as const) {
    expect((await doctor(env, changes))(check)).toMatchObject({
      level: 'wrong',
      says: expect.stringMatching(says),
    });
  }
});
