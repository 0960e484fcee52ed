// The operator's command line, as a process.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot, tempDirectory } from './helpers.ts';
import { insertEvents, newDatabaseFile, plainConnection, statusCounts } from './outbox-database.ts';

function outbox(file: string, ...args: string[]) {
  const script = path.join(projectRoot, 'build/scripts/outbox/main.js');
  const env = { ...process.env, DATABASE_URL: `file:${file}` };
  return spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' });
}

test('status counts the events by state', () => {
  const file = newDatabaseFile();
  insertEvents(plainConnection(file), 3);
  const { status, stdout } = outbox(file, 'status', '--json');
  expect([status, JSON.parse(stdout)]).toEqual([
    0,
    { pending: 3, leased: 0, processed: 0, dead: 0, discarded: 0 },
  ]);
});

test('redrive moves dead events back to pending', () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  insertEvents(db, 3, { status: 'dead', attempts: 10, last_error: 'HTTP 400' });
  expect(outbox(file, 'redrive', '--dead')).toMatchObject({ status: 0, stdout: '3 events pending again\n' });
  expect(statusCounts(db)).toEqual({ pending: 3 });
});

test.each([
  ['no command', [], 'Which command?'],
  ['an unknown command', ['frob'], 'Unknown argument: frob.'],
  ['a missing value', ['redrive', '--id'], 'id'],
  ['nothing to redrive by', ['redrive'], 'say what to redrive'],
  ['a filter that matches nothing', ['redrive', '--dead'], 'nothing matches'],
  ['two filters', ['redrive', '--dead', '--id', 'x'], 'mutually exclusive'],
])('%s is one clear line and exit code 2', (_, args, says) => {
  const { status, stdout, stderr } = outbox(newDatabaseFile(), ...args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(says.replace(/\?$/, ''));
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('a database that does not exist is not created, and a damaged one ends with 3', () => {
  const file = path.join(tempDirectory(), 'typo.db');
  expect(outbox(file, 'status')).toMatchObject({ status: 2, stderr: expect.stringContaining('no database') });
  writeFileSync(file, 'dear diary\n'.repeat(1_000));
  expect(outbox(file, 'status').status).toBe(3);
});
