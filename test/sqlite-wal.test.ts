// Copying back the WAL, beside others who read and write.
import { statSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { insertEvent, newDatabaseFile, openStore, plainConnection } from './outbox-database.ts';

test.each([
  { who: 'somebody reads', begins: 'BEGIN; SELECT count(*) FROM events' },
  { who: 'somebody writes', begins: 'BEGIN IMMEDIATE' },
])('a checkpoint while $who is refused and says so; the next one empties the WAL', async ({ begins }) => {
  const file = newDatabaseFile();
  const walBytes = () => statSync(`${file}-wal`).size;
  const store = await openStore(file);
  const db = plainConnection(file);
  insertEvent(db);
  const other = plainConnection(file);
  other.exec(begins);
  expect(store.checkpoint()).toBe(false);
  expect(walBytes()).toBeGreaterThan(0);
  other.exec('COMMIT');
  expect(store.checkpoint()).toBe(true);
  expect(walBytes()).toBe(0);
});

test('a checkpoint of an empty WAL leaves the file alone: nobody is woken', async () => {
  const file = newDatabaseFile();
  const store = await openStore(file);
  insertEvent(plainConnection(file));
  expect(store.checkpoint()).toBe(true);
  const touchedAt = () => statSync(`${file}-wal`, { bigint: true }).ctimeNs;
  const before = touchedAt();
  expect(store.checkpoint()).toBe(true);
  expect(touchedAt()).toBe(before);
});

test('the WAL of a database that was opened by a symbolic link is found and emptied', async () => {
  const file = newDatabaseFile();
  const link = `${file}.link`;
  symlinkSync(file, link);
  const store = await openStore(link);
  insertEvent(plainConnection(file));
  expect((await store.overview({ nowMs: 0, windowMs: 1 })).walBytes).toBeGreaterThan(0);
  expect(store.checkpoint()).toBe(true);
  expect(statSync(`${file}-wal`).size).toBe(0);
});
