// What `npm run clean -- --database` may remove, and what never.
import { existsSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { cleanDatabase } from '../scripts/clean-database.ts';
import { tempDirectory } from './helpers.ts';
import { insertEvent, plainConnection } from './outbox-database.ts';

async function ownDatabase(): Promise<string> {
  const file = path.join(tempDirectory(), 'events.db');
  await prepareDatabase(file);
  vi.stubEnv('DATABASE_URL', `file:${file}`);
  vi.spyOn(console, 'log').mockImplementation(() => {});
  return file;
}

test('a database of ours with nothing pending is removed', async () => {
  const file = await ownDatabase();
  expect(cleanDatabase({ force: false })).toBeNull();
  expect(existsSync(file)).toBe(false);
});

test('pending events keep it, unless forced', async () => {
  const file = await ownDatabase();
  const db = new Database(file);
  insertEvent(db);
  db.close();
  expect(cleanDatabase({ force: false })).toMatch(/1 events .* are pending.*nothing was removed/);
  expect(existsSync(file)).toBe(true);
  expect(cleanDatabase({ force: true })).toBeNull();
  expect(existsSync(file)).toBe(false);
});

test('a running application keeps it', async () => {
  const file = await ownDatabase();
  plainConnection(file).prepare('SELECT count(*) FROM events').get();
  expect(cleanDatabase({ force: false })).toMatch(/open in a running application/);
  expect(existsSync(file)).toBe(true);
});

test("another application's database is kept, however well the outbox in it fits", async () => {
  const file = await ownDatabase();
  const db = new Database(file);
  db.exec("CREATE TABLE orders (id); UPDATE _prisma_migrations SET migration_name = '20200101000000_theirs'");
  db.close();
  expect(cleanDatabase({ force: false })).toMatch(/not a database that this project made alone/);
  expect(existsSync(file)).toBe(true);
});
