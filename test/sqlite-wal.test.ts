// Copying back the WAL, beside others who read and write.
import { statSync } from 'node:fs';
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
