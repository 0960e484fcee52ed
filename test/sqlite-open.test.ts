// Opening SQLite the one way this project does, and saying clearly when that cannot be.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isBusy, isCorrupt, isDatabaseError } from '../apps/outbox/sqlite/code.ts';
import { type OpenOptions, openDatabase } from '../apps/outbox/sqlite/connection.ts';
import { FakeClock } from './fake-clock.ts';
import { tempDirectory } from './helpers.ts';

const options: OpenOptions = { synchronous: 'NORMAL', busyTimeoutMs: 20, autocheckpointPages: 2_000 };

async function open(file: string, change: Partial<OpenOptions> = {}) {
  const db = await openDatabase(file, { ...options, ...change });
  onTestFinished(() => void db.close());
  return db;
}

function pragma(db: Database.Database, name: string): unknown {
  return db.pragma(name, { simple: true });
}

const newFile = () => path.join(tempDirectory(), 'events.db');

describe('an opened database', () => {
  test.each([
    { synchronous: 'FULL', level: 2 },
    { synchronous: 'NORMAL', level: 1 },
  ] as const)(
    'commits with $synchronous, on a new file and on every later opening',
    async ({ synchronous, level }) => {
      const file = newFile();
      for (let time = 0; time < 3; time++) {
        const db = await open(file, { synchronous });
        expect(pragma(db, 'synchronous')).toBe(level);
        expect(pragma(db, 'journal_mode')).toBe('wal');
        expect(pragma(db, 'busy_timeout')).toBe(20);
        expect(pragma(db, 'wal_autocheckpoint')).toBe(2_000);
        expect(Number(pragma(db, 'journal_size_limit'))).toBeGreaterThan(0);
        db.close();
      }
    },
  );

  test('is readable by its owner only, its -wal and -shm too', async () => {
    const file = newFile();
    const db = await open(file);
    db.exec('CREATE TABLE t (a)');
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(name).mode & 0o777).toBe(0o600);
  });

  test('keeps the mode that somebody gave it', async () => {
    const file = newFile();
    writeFileSync(file, '');
    chmodSync(file, 0o660);
    await open(file);
    expect(statSync(file).mode & 0o777).toBe(0o660);
  });
});

describe('a database that cannot be opened', () => {
  test.each([
    { what: 'no folder', make: (folder: string) => path.join(folder, 'none', 'x.db') },
    {
      what: 'a folder in its place',
      make: (folder: string) => {
        mkdirSync(path.join(folder, 'x.db'));
        return path.join(folder, 'x.db');
      },
    },
  ])('says which and what to check: $what', async ({ make }) => {
    const file = make(tempDirectory());
    await expect(openDatabase(file, options)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      message: expect.stringContaining(file),
    });
  });

  test('because it is something else keeps every byte', async () => {
    const file = newFile();
    const text = 'not a database, but somebody may need it\n'.repeat(200);
    writeFileSync(file, text);
    await expect(openDatabase(file, options)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_CORRUPT',
      message: expect.stringContaining('left as it is'),
    });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('because somebody keeps it locked is asked for 15 s, then the error says how to find him', async () => {
    const file = newFile();
    // A rollback journal: switching to WAL needs the whole file.
    const other = new Database(file);
    onTestFinished(() => void other.close());
    other.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE');
    const clock = new FakeClock();
    const opening = openDatabase(file, { ...options, busyTimeoutMs: 0, clock }).then(
      () => null,
      (error: unknown) => error,
    );
    await clock.advance(14_000);
    expect(await Promise.race([opening, Promise.resolve('still trying')])).toBe('still trying');
    await clock.advance(2_000);
    expect(await opening).toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_BLOCKED',
      message: expect.stringMatching(/locked by another process.*fuser or lsof/),
    });
  });

  test('only for a while is opened as soon as the lock is free', async () => {
    const file = newFile();
    const other = new Database(file);
    onTestFinished(() => void other.close());
    other.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE');
    const clock = new FakeClock();
    const opening = openDatabase(file, { ...options, busyTimeoutMs: 0, clock });
    await clock.advance(1_000);
    other.exec('COMMIT');
    await clock.advance(100);
    (await opening).close();
  });
});

test('errors are told apart by their code', () => {
  const error = (code: string) => new Database.SqliteError('text', code);
  for (const code of ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_BUSY_RECOVERY', 'SQLITE_LOCKED']) {
    expect([isBusy(error(code)), isCorrupt(error(code))]).toEqual([true, false]);
  }
  for (const code of ['SQLITE_CORRUPT', 'SQLITE_CORRUPT_INDEX', 'SQLITE_NOTADB']) {
    expect([isBusy(error(code)), isCorrupt(error(code))]).toEqual([false, true]);
  }
  for (const other of [error('SQLITE_FULL'), new Error('database is locked'), null]) {
    expect([isBusy(other), isCorrupt(other)]).toEqual([false, false]);
  }
  expect([error('SQLITE_FULL'), new Error('SQLITE_FULL'), null].map(isDatabaseError)).toEqual([
    true,
    false,
    false,
  ]);
});
