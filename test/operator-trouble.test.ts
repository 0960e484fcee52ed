// What a person is told of a database that a command cannot use: in a person's words, with what to do.
import { describe, expect, test } from 'vitest';
import { blocked, corrupt } from '../apps/outbox/database-error.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';
import { unusable } from '../scripts/outbox/doctor/unusable.ts';
import { toldToAPerson } from '../scripts/outbox/with-outbox.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

/** What SQLite says to somebody who cannot wait for a lock. */
function busyError(file: string): unknown {
  plainConnection(file).exec('BEGIN IMMEDIATE');
  const other = plainConnection(file);
  other.pragma('busy_timeout = 0');
  try {
    other.exec('BEGIN IMMEDIATE');
  } catch (error) {
    return error;
  }
  throw new Error('the lock was free');
}

describe('a command', () => {
  test('that meets a lock is run again by a person; an application is started again', () => {
    const file = newDatabaseFile();
    const busy = busyError(file);
    expect(blocked(file, busy).message).toMatch(/then start again$/);
    for (const error of [busy, blocked(file, busy)]) {
      expect(toldToAPerson(file, error)).toMatchObject({
        code: 'ERR_OUTBOX_DATABASE_BLOCKED',
        message: expect.stringMatching(/is locked by another process: .*, then run the command again$/),
      });
    }
  });

  test('passes on what was said for it alone', () => {
    const full = new OutboxError('ERR_OUTBOX_DATABASE_BLOCKED', 'a backup may take 1 GB: make room');
    const mistake = new TypeError('a mistake of ours');
    for (const error of [full, mistake]) expect(toldToAPerson('/a.db', error)).toBe(error);
  });
});

test('the doctor says what to do about a database that it cannot open', () => {
  expect(unusable('schema', corrupt('/a.db'))).toMatchObject({
    level: 'wrong',
    says: expect.stringContaining('/a.db is damaged'),
    todo: expect.stringMatching(
      /^restore a backup, or name another file in DATABASE_URL; then .* doctor again$/,
    ),
  });
});
