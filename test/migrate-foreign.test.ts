// Another application's database: accepted or refused as it is, and never changed by a byte.
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkDatabase, prepareDatabase } from '../apps/outbox/migrate.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import {
  historyRow,
  historyTable,
  holding,
  makeDatabase,
  migrations,
  newFile,
  ours,
  outboxSql,
  refusalOf,
  snapshot,
  theirApp,
} from './migrate-rig.ts';
import { plainConnection } from './outbox-database.ts';

describe("another application's database", () => {
  const theirHistory = `${historyTable} ${historyRow('20250101000000_init')}`;

  test.each([
    ['with a history, in WAL mode', `${theirApp} ${theirHistory}`, 'WAL'],
    ['with a history, with a rollback journal', `${theirApp} ${theirHistory}`, 'DELETE'],
    ['without a history', theirApp, 'WAL'],
    ['that holds nothing but a view', 'CREATE VIEW v AS SELECT 1', 'DELETE'],
  ])('without the outbox is refused, with the SQL to add: %s', async (_, sql, mode) => {
    const refusal = await refusalOf(makeDatabase(sql, mode));
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toContain(
      'the table events is missing: run the statements CREATE TABLE "events"',
    );
    expect(refusal.message).toContain(path.join('prisma', 'migrations', ours[0] ?? '', 'migration.sql'));
  });

  test('keeps even what a crash left in its WAL', async () => {
    const original = makeDatabase(theirApp);
    const db = plainConnection(original);
    db.pragma('wal_autocheckpoint = 0');
    db.exec(`INSERT INTO "User" (name) VALUES ('only in the WAL')`);
    const folder = tempDirectory();
    const file = path.join(folder, 'events.db');
    for (const suffix of ['', '-wal', '-shm']) cpSync(`${original}${suffix}`, `${file}${suffix}`);
    const { '-shm': _, ...before } = snapshot(file);
    await expect(prepareDatabase(file)).rejects.toMatchObject({ code: 'ERR_OUTBOX_DATABASE_FOREIGN' });
    const after = snapshot(file);
    for (const name of ['events.db', 'events.db-wal']) expect(after[name]).toBe(before[name]);
    expect(Object.keys(after)).toEqual(Object.keys(snapshot(original)));
  });

  test.each([
    ['its own history', `${theirApp} ${theirHistory} ${outboxSql}`],
    [
      'our migration among its own',
      `${theirApp} ${theirHistory} ${outboxSql} ${historyRow(ours[0] ?? '', migrations[0]?.checksum)}`,
    ],
    [
      'our migration first',
      `${theirApp} ${outboxSql} ${historyTable} ${historyRow(ours[0] ?? '')} ${historyRow('20270101000000_init')}`,
    ],
    ['no history', `${theirApp} ${outboxSql}`],
    ['a column more', `${theirApp} ${outboxSql}; ALTER TABLE events ADD COLUMN tenant TEXT`],
  ])('with the outbox is accepted and left as it is: %s', async (_, sql) => {
    const file = makeDatabase(sql);
    const before = snapshot(file);
    expect(await prepareDatabase(file)).toEqual({ kind: 'adopted' });
    expect(snapshot(file)).toEqual(before);
  });

  test.each([
    [
      'a missing column',
      'ALTER TABLE events DROP COLUMN last_error',
      'ALTER TABLE "events" ADD COLUMN "last_error" TEXT;',
    ],
    [
      'a missing column with a default',
      'ALTER TABLE outbox_log DROP COLUMN detail',
      `ALTER TABLE "outbox_log" ADD COLUMN "detail" TEXT NOT NULL DEFAULT '{}';`,
    ],
    ['a missing table', 'DROP TABLE outbox_log', 'the table outbox_log is missing'],
    [
      'a column of another type',
      'ALTER TABLE events DROP COLUMN gateway; ALTER TABLE events ADD COLUMN gateway INTEGER',
      'events.gateway is INTEGER, not TEXT: compare with',
    ],
    [
      'a required column more',
      `DROP TABLE outbox_log; CREATE TABLE outbox_log (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at DATETIME NOT NULL DEFAULT (1), kind TEXT NOT NULL, event_seq INTEGER, detail TEXT NOT NULL DEFAULT '{}', tenant TEXT NOT NULL)`,
      'outbox_log.tenant is NOT NULL without a default: give it one',
    ],
  ])('with an outbox that does not fit is refused: %s', async (_, sql, message) => {
    const refusal = await refusalOf(makeDatabase(`${theirApp} ${outboxSql}; ${sql}`));
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toContain(message);
  });

  test('of an older release hears which part to add, not one column of it', async () => {
    const first = migrations.find(({ name }) => name === ours[0])?.sql ?? '';
    const refusal = await refusalOf(makeDatabase(`${theirApp} ${first}`));
    expect(refusal.message).toContain(
      `events was made by an older release (resends is missing): put what "npm run outbox -- sql --after ${ours[0]}" prints into a migration`,
    );
    expect(refusal.message).not.toContain('ADD COLUMN');
  });

  test('must also hold the tables that the caller asks for', async () => {
    const file = makeDatabase(`${theirApp} ${outboxSql}`);
    const outcome = prepareDatabase(file, { tables: ['events', 'outbox_log', 'invoices'] });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_FOREIGN',
      message: expect.stringContaining(`the table invoices is missing`),
    });
  });
});

describe("checking another application's database", () => {
  test('accepts tables that fit, whoever made them, and creates nothing', async () => {
    const file = makeDatabase(`${theirApp} ${outboxSql}`);
    const before = snapshot(file);
    await checkDatabase(file);
    expect(snapshot(file)).toEqual(before);
    const own = newFile();
    await prepareDatabase(own);
    await checkDatabase(own);
  });

  test.each([
    [
      'no file',
      newFile,
      'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      /not there or empty: create it with your own migrations/,
    ],
    ['an empty file', () => holding(''), 'ERR_OUTBOX_DATABASE_UNAVAILABLE', /not there or empty/],
    [
      'no outbox',
      () => makeDatabase(theirApp),
      'ERR_OUTBOX_DATABASE_FOREIGN',
      /the table events is missing: run/,
    ],
    [
      'no database',
      () => holding('x'.repeat(9_999)),
      'ERR_OUTBOX_DATABASE_CORRUPT',
      /damaged or not an SQLite database/,
    ],
  ])('refuses %s', async (_, make, code, message) => {
    const file = make();
    await expect(checkDatabase(file)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(Object.keys(snapshot(file))).toEqual(existsSync(file) ? ['events.db'] : []);
  });
});

describe('a database that is locked as a whole', () => {
  test('is waited for', async () => {
    const file = makeDatabase(`${theirApp} ${outboxSql}`, 'DELETE');
    const db = plainConnection(file);
    db.exec('BEGIN EXCLUSIVE');
    let isDone = false;
    const prepared = prepareDatabase(file).finally(() => {
      isDone = true;
    });
    let turns = 0;
    await waitFor('some attempts', () => ++turns > 50);
    expect(isDone).toBe(false);
    db.exec('COMMIT');
    expect(await prepared).toEqual({ kind: 'adopted' });
  });
});
