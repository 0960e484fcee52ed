// The command line on everything that can be wrong: one clear line, the right exit code, nothing changed.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { tempDirectory } from './helpers.ts';
import { outbox, outboxScript } from './operator-command.ts';
import { insertEvent, insertEvents, newDatabaseFile, plainConnection } from './outbox-database.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

describe('usage', () => {
  const file = path.join(tmpdir(), 'outbox-nowhere', 'none.db');
  test.each([
    ['options without a command', ['--json'], /Name a command/],
    ['no event to show', ['show'], /^Say which event, by its id or key: .* show 01a2/],
    ['no place for a backup', ['backup'], /^Say where the copy is to go, .* backup \/backup/],
    ['nothing to prepare', ['convoy'], /^Say what is to be prepared: .* convoy setup/],
    ['an unknown command', ['frob'], /Unknown argument: frob/],
    ['a missing value', ['redrive', '--id'], /id/],
    ['an unknown state', ['list', '--state', 'gone'], /Argument: state, Given: "gone", Choices: "pending"/],
    ['a state that a redrive cannot take', ['redrive', '--state', 'pending'], /state/],
    ['a span that is none', ['list', '--older-than', '7'], /--older-than: expected a duration/],
    [
      'an instant that is none',
      ['audit', '--since', 'yesterday'],
      /--since: expected 24h or 2026-01-31T12:00Z/,
    ],
    ['an option twice', ['list', '--limit', '2', '--limit', '3'], /--limit was given more than once/],
    ['no limit', ['list', '--limit', '0'], /--limit: expected a whole number/],
    ['no rate', ['redrive', 'x', '--rate', 'fast'], /--rate: expected a number/],
  ])('%s is one clear line and exit code 2', (_, args, says) => {
    const { status, stdout, stderr } = outbox(file, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

test('no command at all gets the list of them, and exit code 2', () => {
  const { status, stdout, stderr } = outbox('/nowhere/none.db');
  expect([status, stdout]).toEqual([2, '']);
  for (const command of ['status', 'redrive [ids..]', 'doctor', 'backup <to>'])
    expect(stderr).toContain(command);
});

const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['an unknown id', ['redrive', 'nobody'], 4, /there is no event "nobody"/],
  [
    'an unknown id beside a good one',
    ['redrive', 'dead', 'nobody', '--yes'],
    4,
    /there is no event "nobody"/,
  ],
  ['one that was accepted', ['redrive', 'done'], 4, /done was accepted by https:\/\/a\.test\/x already/],
  ['one that is pending', ['redrive', 'pending'], 4, /is pending already/],
  [
    'a filter that matches nothing',
    ['redrive', '--dead', '--error', 'zzz'],
    4,
    /no event matches --dead --error zzz/,
  ],
  [
    'a filter without a state that matches nothing',
    ['discard', '--type', 'no.such', '--reason', 'r'],
    4,
    /no event in the state dead matches --type no.such: nothing was changed. --state names another state/,
  ],
  ['nothing to redrive by', ['redrive'], 2, /Say what to redrive/],
  ['ids and a filter', ['redrive', 'dead', '--dead'], 2, /mutually exclusive/],
  ['two states', ['redrive', '--dead', '--state', 'discarded'], 2, /mutually exclusive/],
  ['one to discard that was accepted', ['discard', 'done', '--reason', 'r'], 4, /accepted already/],
  ['one to discard that is being sent', ['discard', 'leased', '--reason', 'r'], 4, /sent by relayer 03/],
  ['nothing to discard', ['discard', '--reason', 'r'], 2, /Say what to discard/],
  ['an unknown id to look at', ['show', 'nobody'], 4, /there is no event/],
];

test('what cannot be done to an event is said in one line, and nothing is changed', () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  insertEvent(db, { id: 'dead', status: 'dead' });
  insertEvent(db, { id: 'pending' });
  insertEvent(db, { id: 'leased', lease_id: '03:x:1', available_at: 9e12 });
  insertEvent(db, { id: 'done', status: 'processed', processed_at: isoText(0), gateway: 'https://a.test/x' });
  const rows = () =>
    ['events', 'outbox_log'].map((table) => JSON.stringify(db.prepare(`SELECT * FROM ${table}`).all()));
  const before = rows();
  for (const [which, args, code, says] of cases) {
    const { status, stdout, stderr } = outbox(file, ...args);
    expect([which, status, stdout]).toEqual([which, code, '']);
    expect(stderr).toMatch(says);
    expect([which, stderr.trim().split('\n').length]).toEqual([which, 1]);
    expect([which, rows()]).toEqual([which, before]);
  }
  expect(JSON.parse(outbox(file, 'show', 'nobody', '--json').stderr)).toEqual({
    error: { code: 'ERR_OUTBOX_NO_EVENT', message: expect.stringMatching(/nobody(?!.*ERR_OUTBOX)/) },
  });
  expect(outbox(file, 'audit')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^CONVOY_API_KEY and CONVOY_PROJECT_ID not set: this command asks Convoy/),
  });
});

describe('databases', () => {
  test('a backup under a name that is too long says so in one line, and one just short enough is made', () => {
    const folder = tempDirectory();
    const file = newDatabaseFile(folder);
    const before = readdirSync(folder);
    const { status, stderr } = outbox(file, 'backup', path.join(folder, 'x'.repeat(300)));
    expect([status, stderr.trim().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toMatch(
      /the name is longer than a file's name can be: .*Give a shorter one. Nothing was written/,
    );
    expect(readdirSync(folder)).toEqual(before);
    const longest = 'x'.repeat(255);
    expect(outbox(file, 'backup', path.join(folder, longest))).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(folder).toSorted()).toEqual([...before, longest].toSorted());
  });

  test('one that does not exist is not created', () => {
    const file = path.join(tempDirectory(), 'typo.db');
    for (const args of [['status'], ['redrive', '--dead']]) {
      expect(outbox(file, ...args)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('no database'),
      });
    }
    expect(existsSync(file)).toBe(false);
  });

  test('a folder is said to be one, by the doctor too, who would have it without its x bits', () => {
    const folder = tempDirectory();
    for (const args of [['status'], ['list'], ['redrive', '--dead']]) {
      expect(outbox(folder, ...args)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`${folder} is a folder: name the file in it`),
      });
    }
    const { status, stdout } = outbox(folder, 'doctor');
    expect([status, stdout]).toEqual([
      5,
      expect.stringMatching(/^WRONG .* is a folder\. To do: name the file/m),
    ]);
    expect(stdout).not.toContain('chmod');
  });

  test("a damaged one, somebody else's, and one of an older release keep every byte, and end with 3", () => {
    const folder = tempDirectory();
    const damaged = path.join(folder, 'damaged.db');
    writeFileSync(damaged, 'dear diary\n'.repeat(1_000));
    const theirs = path.join(folder, 'theirs.db');
    plainConnection(theirs).exec('CREATE TABLE customers (id INTEGER PRIMARY KEY)');
    const empty = path.join(folder, 'empty.db');
    writeFileSync(empty, '');
    for (const [file, says] of [
      [damaged, /damaged or not an SQLite database/],
      [theirs, /belongs to another application/],
      [empty, /lacks 2026.*npm run db:migrate/],
    ] as const) {
      const before = readFileSync(file);
      for (const args of [['status'], ['redrive', '--dead', '--yes']]) {
        expect(outbox(file, ...args)).toMatchObject({ status: 3, stderr: expect.stringMatching(says) });
      }
      expect(readFileSync(file).equals(before)).toBe(true);
    }
    expect(readdirSync(folder).toSorted()).toEqual(['damaged.db', 'empty.db', 'theirs.db']);
  });

  test('one that this user may only read is shown, and not changed', ({ skip }) => {
    const folder = tempDirectory();
    const file = newDatabaseFile(folder);
    insertEvents(plainConnection(file), 2, { status: 'dead' });
    chmodSync(file, 0o444);
    chmodSync(folder, 0o777);
    // Root may write everywhere, so root tries it as nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [outboxScript, ...args], {
        ...nobody,
        encoding: 'utf8',
        env: { DATABASE_URL: `file:${file}`, OUTBOX_ENV_FILE: '/dev/null' },
      });
    skip(run('--help').status !== 0, 'nobody may not read this checkout');
    expect(JSON.parse(run('status', '--json').stdout)).toMatchObject({ counts: { dead: 2 } });
    expect(run('redrive', '--dead', '--yes')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/not writable/),
    });
    expect(outbox(file, 'status').status).toBe(0);
  });
});
