// The outbox in a table of another name, and what is said when somebody else's table has ours. That all of the store's SQL
// follows the name is shown by its contract, which sqlite-store.test.ts runs on a renamed table.
import { describe, expect, test } from 'vitest';
import { checkDatabase, prepareDatabase } from '../apps/outbox/migrate.ts';
import { outboxTable, sqlForTable } from '../apps/outbox/outbox-table.ts';
import { makeDatabase, newFile, outboxSql, refusalOf, snapshot, theirApp } from './migrate-rig.ts';

const theirEvents = `${theirApp} CREATE TABLE events (id INTEGER PRIMARY KEY, title TEXT, starts_at TEXT);`;
const renamedSql = sqlForTable(outboxSql, 'outbox_events');

describe('the name of the table', () => {
  test.each([
    ['DELETE FROM events WHERE seq = 1', 'DELETE FROM "t" WHERE seq = 1'],
    ['UPDATE events\n   SET claims = 0', 'UPDATE "t"\n   SET claims = 0'],
    ['INSERT INTO events (id) SELECT id FROM\n events', 'INSERT INTO "t" (id) SELECT id FROM\n "t"'],
    ['SELECT 1 FROM a CROSS JOIN events AS e', 'SELECT 1 FROM a CROSS JOIN "t" AS e'],
    ['SELECT 1 FROM events INDEXED BY events_due', 'SELECT 1 FROM "t" INDEXED BY "t_due"'],
    [
      'CREATE INDEX "events_due" ON "events"("seq"); DROP INDEX "events_processed"',
      'CREATE INDEX "t_due" ON "t"("seq"); DROP INDEX "t_processed"',
    ],
    [
      `SELECT json_extract(detail, '$.events') AS events FROM outbox_log`,
      `SELECT json_extract(detail, '$.events') AS events FROM outbox_log`,
    ],
  ])('is set where SQL names it: %j', (sql, expected) => {
    expect(sqlForTable(sql, 't')).toBe(expected);
    expect(sqlForTable(sql, 'events')).toBe(sql);
  });

  test('is taken from OUTBOX_TABLE', () => {
    expect(outboxTable({ variables: {} })).toBe('events');
    expect(outboxTable({ variables: { OUTBOX_TABLE: 'Order' } })).toBe('Order');
  });

  test.each([
    'a b',
    'a"b',
    '1st',
    'Ümläut',
    'x'.repeat(61),
    'outbox_log',
    'OUTBOX_LOG',
    'sqlite_x',
    '_prisma_migrations',
  ])('is refused: %s', (name) => {
    expect(() => outboxTable({ variables: { OUTBOX_TABLE: name } })).toThrow(
      expect.objectContaining({
        code: 'ERR_OUTBOX_CONFIG',
        message: expect.stringContaining('OUTBOX_TABLE'),
      }),
    );
  });
});

describe("a database with an events table of the application's own", () => {
  test.each([
    ['on its own', theirEvents],
    ['with the log beside it', `${theirEvents} CREATE TABLE outbox_log (id INTEGER PRIMARY KEY)`],
  ])('is refused, with the clash and the way out, and left as it is: %s', async (_, sql) => {
    const file = makeDatabase(sql);
    const before = snapshot(file);
    const refusal = await refusalOf(file);
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toContain(
      'its table events is another one, not an outbox: leave it as it is and give the outbox a name of its own with OUTBOX_TABLE',
    );
    expect(refusal.message).not.toContain('ALTER TABLE "events"');
    expect(snapshot(file)).toEqual(before);
  });

  test('fits once the outbox stands under the name that is asked for', async () => {
    const file = makeDatabase(`${theirEvents} ${renamedSql}`);
    const before = snapshot(file);
    await checkDatabase(file, { outboxTable: 'outbox_events' });
    expect(await prepareDatabase(file, { outboxTable: 'outbox_events' })).toEqual({ kind: 'adopted' });
    await expect(checkDatabase(file, { outboxTable: 'webhooks' })).rejects.toThrow(
      /the table webhooks is missing: run the statements CREATE TABLE "webhooks" \.\.\. that "npm run outbox -- sql" prints/,
    );
    expect(snapshot(file)).toEqual(before);
  });
});

test('a table of another name is never created by us: the file stays missing', async () => {
  const file = newFile();
  await expect(prepareDatabase(file, { outboxTable: 'outbox_events' })).rejects.toMatchObject({
    code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE',
    message: expect.stringContaining('create it with your own migrations first'),
  });
  expect(snapshot(file)).toEqual({});
});
