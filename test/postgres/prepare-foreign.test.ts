// A PostgreSQL database of another application is only looked at: its outbox tables fit, or it hears in SQL what is missing.
import { expect, test } from 'vitest';
import { checkDatabase, prepareDatabase, standingOfDatabase } from '../../apps/outbox/migrate.ts';
import { outboxMigrations, readMigrations } from '../../apps/outbox/migration-files.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { columnsInMigrations, columnsOf } from '../../apps/outbox/postgres/shape.ts';
import { describeOnPostgres, newOutbox, newSchema } from '../postgres-database.ts';
import { refusalOf } from './prepare-rig.ts';

const outboxSql = outboxMigrations('postgres')
  .map(({ sql }) => sql)
  .join('\n');

describeOnPostgres('a database of another application', () => {
  test('with fitting tables is left as it is', async () => {
    const { url, client } = await newOutbox();
    expect(await prepareDatabase(url)).toEqual({ kind: 'adopted' });
    expect(await standingOfDatabase(url)).toEqual({ kind: 'adopted' });
    await checkDatabase(url);
    const { rows } = await client.query(`SELECT to_regclass('_prisma_migrations') AS history`);
    expect(rows).toEqual([{ history: null }]);
  });

  test('under another name of the table, beside an events of its own, too', async () => {
    const { url, client } = await newOutbox('outbox_events');
    await client.query('CREATE TABLE events (day date)');
    expect(await prepareDatabase(url, { outboxTable: 'outbox_events' })).toEqual({ kind: 'adopted' });
    await expect(checkDatabase(url)).rejects.toThrow(
      /its table events is another one, not an outbox: leave it as it is and give the outbox a name of its own with OUTBOX_TABLE/,
    );
  });

  test('without them gets the SQL to add, and nothing else', async () => {
    const { url, client } = await newSchema();
    await client.query('CREATE TABLE users (id int)');
    const refusal = await refusalOf(url);
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toMatch(
      /belongs to another application and has no outbox that fits; nothing was changed/,
    );
    expect(refusal.message).toMatch(
      /the table events is missing: run the statements CREATE TABLE "events" .*postgres\/migrations/,
    );
    expect((await client.query(`SELECT to_regclass('events') AS made`)).rows).toEqual([{ made: null }]);
  });

  test('hears what is wrong with each column, in SQL that mends it', async () => {
    const { url, client } = await newSchema();
    await client.query(outboxSql);
    await client.query(
      `ALTER TABLE events DROP COLUMN last_error, DROP COLUMN created_at, ALTER COLUMN gateway TYPE varchar(500),
         ADD COLUMN tenant text NOT NULL`,
    );
    const { message } = await refusalOf(url);
    const repairs = [...message.matchAll(/ALTER TABLE .*?;/g)].map(([statement]) => statement);
    expect(repairs).toHaveLength(2);
    expect(message).toContain('events.gateway is character varying(500), not text: compare with ');
    expect(message).toContain('events.tenant is NOT NULL without a default: give it one');
    await client.query(
      `${repairs.join('\n')} ALTER TABLE events ALTER COLUMN gateway TYPE text, ALTER COLUMN tenant SET DEFAULT ''`,
    );
    expect(await prepareDatabase(url)).toEqual({ kind: 'adopted' });
  });
});

describeOnPostgres('what our migrations say of a table', () => {
  test.each(['events', 'outbox_log', 'invoices'])('is what the server says of it: %s', async (table) => {
    const { url } = await newOutbox();
    const connection = connectPostgres({ url, synchronousCommit: 'on', applicationName: 'test' });
    const real = await columnsOf(connection, table);
    await connection.close();
    const said = columnsInMigrations(readMigrations('postgres'), table);
    const withoutText = (columns: typeof said) =>
      columns.map(({ defaultText, ...column }) => ({ ...column, hasDefault: defaultText !== null }));
    expect(said.length).toBeGreaterThan(4);
    expect(withoutText(said)).toEqual(withoutText(real));
  });
});
