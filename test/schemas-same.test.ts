// Both engines have the same tables: models, fields, nullability, defaults, names and indexes of the two schema.prisma files, and the CHECK
// constraints of the two histories. It needs no server; types differ by the small table here, and by nothing else.
import { expect, test } from 'vitest';
import { type Engine, readMigrations, readSchema } from '../apps/outbox/migration-files.ts';

const schemas = { sqlite: readSchema('sqlite'), postgres: readSchema('postgres') };

/** Row ids count beyond 2^31 on both: SQLite's INTEGER has 64 bits anyway. */
const bigOnPostgres = ['Event.seq', 'OutboxLog.id', 'OutboxLog.eventSeq'];

/** What PostgreSQL's column types say by themselves. */
const onlySqliteChecks = ['events_available_at_is_integer'];

/** Every line of the models but comments, as SQLite's schema says it; `Model.field` before a field. */
function linesOf(schema: string, engine: Engine): readonly string[] {
  return [...schema.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)].flatMap(([, model = '', body = '']) =>
    body
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, ' '))
      .filter((line) => line !== '' && !line.startsWith('//'))
      .map((line) => (line.startsWith('@@') ? `${model} ${line}` : `${model}.${line}`))
      .map((line) => (engine === 'postgres' ? asOnSqlite(line) : line)),
  );
}

function asOnSqlite(line: string): string {
  const isBig = bigOnPostgres.some((field) => line.startsWith(`${field} BigInt`));
  const predicate = line
    .replace(/where: raw\("\((.*)\)"\)/, 'where: raw("$1")')
    .replaceAll("'::text", "'")
    .replaceAll(/\((\w+ (?:= '\w+'|IS (?:NOT )?NULL))\)/g, '$1');
  return (isBig ? predicate.replace(' BigInt', ' Int') : predicate).replace(' @db.Timestamptz(3)', '');
}

/** The names of the constraints. */
function checksOf(engine: Engine): readonly string[] {
  const sql = readMigrations(engine)
    .map((migration) => migration.sql)
    .join('\n');
  return [...new Set([...sql.matchAll(/CONSTRAINT "(\w+)" CHECK/g)].map(([, name = '']) => name))].sort();
}

test('both schemas say the same, line by line', () => {
  const sqlite = linesOf(schemas.sqlite, 'sqlite');
  expect(sqlite.length).toBeGreaterThan(40);
  expect(linesOf(schemas.postgres, 'postgres')).toEqual(sqlite);
});

test('both histories make the same CHECK constraints', () => {
  const sqlite = checksOf('sqlite');
  expect(sqlite.length).toBeGreaterThan(5);
  expect(checksOf('postgres')).toEqual(sqlite.filter((name) => !onlySqliteChecks.includes(name)));
});

test.each([
  ['a field', / {2}lastError .*\n/, ''],
  ['nullability', 'gateway     String?', 'gateway     String'],
  ['a default', '@default("pending")', '@default("new")'],
  ['a name', '@map("lease_id")', '@map("lease")'],
  ['an index', / {2}@@index\(\[seq\].*\n/, ''],
  ['a predicate', "status = 'dead'::text", "status = 'gone'::text"],
])('a difference would be seen: %s', (_, from, to) => {
  const altered = schemas.postgres.replace(from, to);
  expect(altered).not.toBe(schemas.postgres);
  expect(linesOf(altered, 'postgres')).not.toEqual(linesOf(schemas.sqlite, 'sqlite'));
});
