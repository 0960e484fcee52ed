// The schema and the migrations describe the same database, in the judgement of Prisma's own engine: tables, columns,
// types, plain defaults and indexes. CHECKs and computed defaults, which it cannot compare, are tested where they matter.
import path from 'node:path';
import { expect, test } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { tempDirectory } from './helpers.ts';
import { plainConnection } from './outbox-database.ts';
import { driftOf, schemaText } from './schema-engine.ts';

async function migratedFile(): Promise<string> {
  const file = path.join(tempDirectory(), 'events.db');
  await prepareDatabase(file);
  return file;
}

const nothing = '-- This is an empty migration.';

test('the migrations make exactly the database that schema.prisma describes', async () => {
  const drift = await driftOf(await migratedFile(), schemaText);
  expect(drift.trim()).toBe(nothing);
});

test.each([
  ['a column that only the schema has', /( {2}gateway {5}String\?)/, '$1\n  surprise    String?', /surprise/],
  ['a column that only the migrations have', / {2}lastError .*\n/, '', /"new_events"|DROP COLUMN/],
  ['an index that only the migrations have', /.*map: "events_leased".*\n/, '', /DROP INDEX "events_leased"/],
  ['another predicate of a partial index', "status = 'dead'", "status = 'gone'", /events_dead/],
  ['another default', 'default("pending")', 'default("new")', /DEFAULT 'new'/],
])('drift would be seen: %s', async (_, from, to, expected) => {
  const schema = schemaText.replace(from, to);
  expect(schema).not.toBe(schemaText);
  expect(await driftOf(await migratedFile(), schema)).toMatch(expected);
});

test('drift would be seen: a column that a hand removed from the database', async () => {
  const file = await migratedFile();
  plainConnection(file).exec('ALTER TABLE events DROP COLUMN last_error');
  expect(await driftOf(file, schemaText)).toMatch(/ADD COLUMN "last_error"|"new_events"/);
});
