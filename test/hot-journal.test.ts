// A database whose creation was cut off before it reached WAL mode: a rollback journal that is still hot lies beside it,
// and nobody can read it until that is rolled back.
import { cpSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { tempDirectory } from './helpers.ts';
import { plainConnection, schemaSql } from './outbox-database.ts';

/** A copy of a database as a kill in the middle of a transaction leaves it, in rollback mode. */
function cutOff(sql: string): string {
  const original = path.join(tempDirectory(), 'events.db');
  const db = plainConnection(original);
  db.exec(sql);
  db.pragma('cache_size = 1');
  db.exec('BEGIN; CREATE TABLE half (filler TEXT);');
  const insert = db.prepare('INSERT INTO half (filler) VALUES (?)');
  for (let row = 0; row < 100; row++) insert.run('x'.repeat(4_000));
  const file = path.join(tempDirectory(), 'events.db');
  for (const suffix of ['', '-journal']) cpSync(`${original}${suffix}`, `${file}${suffix}`);
  expect(statSync(`${file}-journal`).size).toBeGreaterThan(512);
  return file;
}

test('a database with a hot rollback journal is rolled back and prepared', async () => {
  const file = cutOff('PRAGMA user_version = 1');
  expect(await prepareDatabase(file)).toMatchObject({
    kind: 'own',
    applied: [expect.any(String), expect.any(String)],
  });
  expect(plainConnection(file).pragma('integrity_check', { simple: true })).toBe('ok');
});

test("another application's database with a hot rollback journal is rolled back, and otherwise left alone", async () => {
  const file = cutOff(`${schemaSql()}; CREATE TABLE theirs (id INTEGER)`);
  expect(await prepareDatabase(file)).toEqual({ kind: 'adopted' });
  const names = plainConnection(file).prepare('SELECT name FROM sqlite_schema').pluck().all();
  expect(names).toContain('theirs');
  expect(names).not.toContain('half');
});
