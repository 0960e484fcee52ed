// The doctor's judgements, one by one: file systems, PM2's settings, endpoints, the write-ahead log.
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { ConvoyEndpoint } from '../apps/outbox/convoy-directory.ts';
import { judgeBusiness } from '../scripts/outbox/doctor/convoy-checks.ts';
import { wrong } from '../scripts/outbox/doctor/finding.ts';
import { checkFileSystem } from '../scripts/outbox/doctor/machine-checks.ts';
import { judgePm2 } from '../scripts/outbox/doctor/pm2-checks.ts';
import { readWalProgress } from '../scripts/outbox/doctor/wal-index.ts';
import { reportLines } from '../scripts/outbox/doctor.ts';
import { killTimeoutMs } from '../scripts/outbox/kill-timeout.ts';
import { tempDirectory } from './helpers.ts';
import { insertEvents, newDatabaseFile, plainConnection } from './outbox-database.ts';

test.each([
  ['ext4', 'linux', 0xef53, 'ok', /local/],
  ['NFS', 'linux', 0x6969, 'wrong', /NFS: locks and shared memory do not work/],
  ['CIFS, as a negative number', 'linux', 0xff534d42 | 0, 'wrong', /CIFS/],
  ['FUSE', 'linux', 0x65735546, 'caution', /may be a network/],
  ['memory', 'linux', 0x01021994, 'caution', /tmpfs: it does not outlive/],
  ['anything on macOS', 'darwin', 26, 'unknown', /cannot be told/],
])('a database on %s is judged', (_, platform, type, level, says) => {
  expect(checkFileSystem('f', platform, type)).toMatchObject({ level, says: expect.stringMatching(says) });
});

describe('PM2', () => {
  const settings = {
    status: 'online',
    kill_timeout: 8_000,
    exec_mode: 'fork_mode',
    pmx: false,
    autorestart: true,
    max_restarts: 1_000_000_000,
    stop_exit_codes: [2, 3],
  };
  const judge = (changes: object, drainMs: number | null = 5_000) =>
    judgePm2({ name: 'relayer', pid: 1, settings: { ...settings, ...changes } }, drainMs);

  test('with the settings of the ecosystem file is well', () => expect(judge({}).level).toBe('ok'));

  test.each([
    ['a stopped relayer', { status: 'stopped' }, 'wrong', /is stopped/],
    [
      'a relayer that PM2 says to be waiting, after an exit code that it does not restart',
      { status: 'waiting restart', exit_code: 2 },
      'wrong',
      /ended with exit code 2 and stays stopped/,
    ],
    ['a kill before the drain is over', { kill_timeout: 5_000 }, 'wrong', /a stop is a kill/],
    ['a kill just after the drain', { kill_timeout: 7_000 }, 'caution', /raise kill_timeout to 8000/],
    ["PM2's own kill_timeout", { kill_timeout: undefined }, 'wrong', /kill_timeout 1600 ms/],
    ['cluster mode', { exec_mode: 'cluster_mode' }, 'caution', /not fork/],
    ['pmx', { pmx: true }, 'caution', /pmx is on/],
    ['no restarts', { autorestart: false }, 'caution', /autorestart is off/],
    ["PM2's own max_restarts", { max_restarts: undefined }, 'caution', /max_restarts/],
    ['restarts for ever on a wrong setting', { stop_exit_codes: [] }, 'caution', /lacks 2 and 3/],
    ['no restart after a SIGKILL', { stop_exit_codes: [0, 2, 3] }, 'caution', /holds 0/],
  ])('%s is told', (_, changes, level, says) => {
    expect(judge(changes)).toMatchObject({
      level,
      says: expect.stringMatching(says),
      todo: expect.any(String),
    });
  });

  test('a longer drain than PM2 allows is told', () => expect(judge({}, 10_000).level).toBe('wrong'));

  test('a longer drain for which the ecosystem file makes PM2 wait is well', () => {
    const kill_timeout = killTimeoutMs({ RELAYER_DRAIN_TIMEOUT: '10s' });
    expect(judge({ kill_timeout }, 10_000).level).toBe('ok');
  });
});

describe('a business', () => {
  const endpoint = (uid: string, changes: Partial<ConvoyEndpoint> = {}): ConvoyEndpoint => ({
    uid,
    owner: 'acme',
    url: `https://${uid}.test/`,
    status: 'active',
    ...changes,
  });
  const judge = (endpoints: readonly ConvoyEndpoint[], ...subscribed: string[]) =>
    judgeBusiness('acme', endpoints, new Set(subscribed));

  test('with an active endpoint that is subscribed is well, and so are two that differ', () => {
    expect(judge([endpoint('a')], 'a')).toBeNull();
    expect(judge([endpoint('a'), endpoint('b'), endpoint('c', { status: 'paused' })], 'a', 'b')).toBeNull();
  });

  test.each([
    ['no endpoint', judge([]), 'wrong', /no endpoint/],
    ['a paused endpoint', judge([endpoint('a', { status: 'paused' })], 'a'), 'wrong', /is paused/],
    ['no subscription', judge([endpoint('a')], 'b'), 'wrong', /no subscription/],
    [
      'the same twice',
      judge([endpoint('a', { url: 'u' }), endpoint('b', { url: 'u' })], 'a', 'b'),
      'caution',
      /2 endpoints/,
    ],
  ])('with %s is told', (_, finding, level, says) => {
    expect(finding).toMatchObject({ level, says: expect.stringMatching(says), todo: expect.any(String) });
  });
});

test('the progress of the write-ahead log is read without a checkpoint', () => {
  const file = newDatabaseFile();
  expect(readWalProgress(path.join(tempDirectory(), 'none.db'))).toBeNull();
  const db = plainConnection(file);
  db.pragma('wal_autocheckpoint = 0');
  insertEvents(db, 100);
  const before = readWalProgress(file);
  expect(before).toMatchObject({ copied: 0, frames: expect.any(Number) });
  const reader = new Database(file, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM events').get();
  insertEvents(db, 100);
  const [{ log, checkpointed }] = db.pragma('wal_checkpoint(PASSIVE)') as [
    { log: number; checkpointed: number },
  ];
  reader.close();
  expect(readWalProgress(file)).toEqual({ frames: log, copied: checkpointed });
  expect(checkpointed).toBe(before?.frames);
  expect(log).toBeGreaterThan(checkpointed);
});

test('a Convoy that knows none of a thousand businesses does not bury the other findings', () => {
  const business = (n: number) => wrong(`business b${n}`, 'has no endpoint', 'create one');
  const findings = [wrong('claim', 'c', 'd'), ...Array.from({ length: 1_000 }, (_, n) => business(n))];
  const lines = reportLines(findings, null);
  expect(lines[0]).toMatch(/^WRONG {3}claim/);
  expect(lines).toHaveLength(1 + 20 + 1 + 2);
  expect(lines.slice(-3)).toEqual([
    '... and 980 businesses more; --json lists all',
    '',
    '1001 wrong, 0 to be careful with, 0 not known, 0 well',
  ]);
});
