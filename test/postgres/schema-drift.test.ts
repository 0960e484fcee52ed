// On PostgreSQL, too, the schema and the migrations describe the same database, in the judgement of Prisma's own engine.
import { expect, test } from 'vitest';
import { describeOnPostgres, newOutbox } from '../postgres-database.ts';
import { driftOfPostgres, postgresSchemaText } from './schema-engine.ts';

const nothing = '-- This is an empty migration.';

describeOnPostgres('the migrations for PostgreSQL', () => {
  test('make exactly the database that schema.prisma describes', async () => {
    const drift = await driftOfPostgres(await newOutbox(), postgresSchemaText);
    expect(drift.trim()).toBe(nothing);
  });

  test('would be seen to drift from it: a column, an index, a predicate, a default, a type', async () => {
    const schema = [
      [/( {2}gateway {5}String\?)/, '$1\n  surprise    String?'],
      [/ {2}lastError .*\n/, ''],
      [/.*map: "events_leased".*\n/, ''],
      [/status = 'dead'/, "status = 'gone'"],
      [/default\("pending"\)/, 'default("new")'],
      [/(createdAt .*)Timestamptz\(3\)/, '$1Timestamp(3)'],
    ].reduce((text, [from = '', to = '']) => text.replace(from, String(to)), postgresSchemaText);
    const drift = await driftOfPostgres(await newOutbox(), schema);
    expect(drift).toMatch(/ADD COLUMN +"surprise"/);
    expect(drift).toMatch(/DROP COLUMN "last_error"/);
    expect(drift).toMatch(/DROP INDEX "events_leased"/);
    expect(drift).toMatch(/CREATE INDEX "events_dead" .*status = 'gone'/);
    expect(drift).toMatch(/DEFAULT 'new'/);
    expect(drift).toMatch(/"created_at" .*TIMESTAMP\(3\)/);
  });
});
