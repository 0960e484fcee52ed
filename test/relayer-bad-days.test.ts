// A database that cannot be written for a while: nothing is lost, nothing spins, and people are told once.
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { OutboxError } from '../apps/outbox/outbox-error.ts';
import { insertEvents, statusCounts } from './outbox-database.ts';
import { createRig, unavailable } from './relayer-rig.ts';

const minuteMs = 60_000;

test('a look that fails after a turn that took events back and claimed them again does not undo either', async () => {
  const { db, clock, convoy, store, start, leasesLost } = await createRig();
  insertEvents(db, 3);
  const { turn, nextDueAtMs } = store;
  let turns = 0;
  store.turn = async (request) => {
    const result = await turn(request);
    turns += 1;
    // What it has claimed is too old to be sent, and is taken back by the next turn.
    if (turns === 1) clock.stall(25_000);
    return result;
  };
  store.nextDueAtMs = async (nowMs) => {
    if (turns === 2) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
    return nextDueAtMs(nowMs);
  };
  void start();
  await clock.settle();
  await clock.advance(1_000);
  expect(leasesLost()).toBe(0);
  expect(convoy.sent.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(statusCounts(db)).toEqual({ processed: 3 });
});

describe('a database that somebody else keeps locked', () => {
  test('loses nothing: everything is sent once when the lock is free', async () => {
    const { db, clock, convoy, start } = await createRig({ concurrency: 4 });
    insertEvents(db, 20);
    void start();
    await clock.settle();
    db.exec('BEGIN IMMEDIATE');
    await clock.advance(minuteMs);
    expect(convoy.sent).toHaveLength(4);
    db.exec('COMMIT');
    await clock.advance(minuteMs);
    expect(statusCounts(db)).toEqual({ processed: 20 });
    expect(convoy.sent).toHaveLength(20);
  });

  test('is asked again about twenty times a second, not in a tight loop', async () => {
    const { db, clock, store, start } = await createRig();
    insertEvents(db, 1);
    let asked = 0;
    for (const verb of ['turn', 'resume'] as const) {
      const call = store[verb].bind(store) as (request: unknown) => Promise<never>;
      store[verb] = (request: unknown) => {
        asked += 1;
        return call(request);
      };
    }
    db.exec('BEGIN IMMEDIATE');
    void start();
    await clock.advance(minuteMs);
    expect(asked).toBeGreaterThan(100);
    expect(asked).toBeLessThan(5_000);
  });

  test('is spoken of once, after five seconds, and again when it is over', async () => {
    const { db, clock, log, start } = await createRig();
    insertEvents(db, 1);
    db.exec('BEGIN IMMEDIATE');
    void start();
    await clock.advance(4_900);
    expect(log.count('the database cannot be written, trying on')).toBe(0);
    await clock.advance(minuteMs);
    expect(log.count('the database cannot be written, trying on')).toBe(1);
    db.exec('COMMIT');
    await clock.advance(minuteMs);
    expect(log.count('the database can be written again')).toBe(1);
  });

  test('for a moment is not spoken of at all', async () => {
    const { db, clock, log, start } = await createRig();
    insertEvents(db, 1);
    db.exec('BEGIN IMMEDIATE');
    void start();
    await clock.advance(200);
    db.exec('COMMIT');
    await clock.advance(minuteMs);
    expect(log.lines.map(({ message }) => message)).toEqual(['event accepted']);
  });

  test('delays a probe of a paused gateway and does not lose it', async () => {
    const { db, clock, convoy, relayer, start } = await createRig();
    convoy.answer = () => unavailable({ retryAfterMs: 0 });
    insertEvents(db, 1);
    void start();
    await clock.advance(60);
    insertEvents(db, 1);
    relayer.wake();
    db.exec('BEGIN IMMEDIATE');
    await clock.advance(5_000);
    db.exec('COMMIT');
    await clock.advance(5_000);
    expect(convoy.sent.map(({ seq }) => seq)).toContain(2);
  });
});

test('what fails after a commit settles nothing twice, and no lease seems lost', async () => {
  const { db, clock, log, store, relayer, start } = await createRig();
  insertEvents(db, 3);
  const { turn, nextDueAtMs } = store;
  store.turn = async (request) => {
    const result = await turn(request);
    // It takes a while, and so does the gap behind it: the next turn has answers and something to claim.
    clock.stall(5);
    return result;
  };
  let failures = 0;
  store.nextDueAtMs = async (nowMs) => {
    if (failures > 0 || statusCounts(db).processed !== 3) return nextDueAtMs(nowMs);
    failures += 1;
    throw new Database.SqliteError('database is locked', 'SQLITE_BUSY');
  };
  void start();
  await clock.settle();
  insertEvents(db, 1);
  relayer.wake();
  await clock.advance(1_000);
  expect(failures).toBe(1);
  expect(statusCounts(db)).toEqual({ processed: 4 });
  expect(log.count('leases lost to another relayer')).toBe(0);
  expect(await store.lastLogged('fenced')).toBeNull();
});

describe('a database that refuses to be written', () => {
  test('is told at once, tried ever more rarely, and everything is sent when it is well again', async () => {
    const { db, clock, convoy, log, start } = await createRig();
    insertEvents(db, 5);
    // As a full disk would: every write of the relayer fails.
    db.exec(`CREATE TRIGGER full BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'disk is full'); END`);
    void start();
    await clock.advance(100);
    const [line] = log.lines;
    expect(line).toMatchObject({ level: 'error', message: 'the database cannot be written, trying on' });
    expect(line?.fields).toMatchObject({ check: 'check disk space and disk health' });
    await clock.advance(10 * minuteMs);
    expect(log.lines).toHaveLength(1);
    expect(convoy.sent).toEqual([]);
    db.exec('DROP TRIGGER full');
    await clock.advance(10_000);
    expect(statusCounts(db)).toEqual({ processed: 5 });
  });

  test('is not waited for when it is damaged: the relayer ends and says what to do', async () => {
    const { db, clock, store, start } = await createRig();
    insertEvents(db, 1);
    store.turn = () =>
      Promise.reject(new Database.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT'));
    const ended = start().then(
      () => null,
      (error: OutboxError) => error,
    );
    await clock.advance(10);
    const error = await ended;
    expect(error).toMatchObject({ name: 'OutboxError', code: 'ERR_OUTBOX_DATABASE_CORRUPT' });
    expect(error?.message).toMatch(/restore a backup/);
  });
});

test('a mistake of ours in a turn ends the relayer and is not taken for a bad day of the database', async () => {
  const { db, clock, store, log, start } = await createRig();
  insertEvents(db, 1);
  store.turn = () => Promise.reject(new TypeError('undefined is not a function'));
  const ended = start().then(
    () => null,
    (error: unknown) => error,
  );
  await clock.advance(10);
  expect(await ended).toBeInstanceOf(TypeError);
  expect(log.lines).toEqual([]);
});
