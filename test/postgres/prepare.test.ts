// Our own schema of a PostgreSQL database: an empty one and ours of every age are migrated, as Prisma would, or refused.
import { expect, test } from 'vitest';
import { prepareDatabase, standingOfDatabase } from '../../apps/outbox/migrate.ts';
import { readMigrations } from '../../apps/outbox/migration-files.ts';
import { describeOnPostgres, newSchema, postgresUrl } from '../postgres-database.ts';
import { refusalOf } from './prepare-rig.ts';
import {
  deployWithPrisma,
  diagnoseWithPrisma,
  driftOfPostgres,
  postgresSchemaText,
} from './schema-engine.ts';

const ours = readMigrations('postgres').map(({ name }) => name);
describeOnPostgres('our own database', () => {
  test('an empty schema is migrated once, and Prisma finds nothing left to do', async () => {
    const place = await newSchema();
    expect(await standingOfDatabase(place.url)).toEqual({ kind: 'own', pending: ours });
    expect(await prepareDatabase(place.url)).toEqual({ kind: 'own', applied: ours });
    expect(await prepareDatabase(place.url)).toEqual({ kind: 'own', applied: [] });
    const verdict = await diagnoseWithPrisma(place);
    expect(verdict).toMatchObject({
      ...{ history: null, hasMigrationsTable: true },
      ...{ failedMigrationNames: [], editedMigrationNames: [] },
    });
    expect(await deployWithPrisma(place)).toEqual([]);
    expect((await driftOfPostgres(place, postgresSchemaText)).trim()).toBe('-- This is an empty migration.');
  });

  test('a schema that Prisma migrated is ours, and its history table looks like the one that we make', async () => {
    const [theirs, mine] = [await newSchema(), await newSchema()];
    expect(await deployWithPrisma(theirs)).toEqual(ours);
    expect(await prepareDatabase(theirs.url)).toEqual({ kind: 'own', applied: [] });
    await prepareDatabase(mine.url);
    const columns = `SELECT column_name, data_type, character_maximum_length, column_default, is_nullable FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = '_prisma_migrations' ORDER BY ordinal_position`;
    const rows = `SELECT checksum, migration_name, logs, rolled_back_at, applied_steps_count, length(id) AS id, pg_typeof(started_at)::text AS type,
      finished_at >= started_at AS finished, started_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute' AS recent
      FROM _prisma_migrations ORDER BY migration_name`;
    for (const statement of [columns, rows]) {
      const [left, right] = [await theirs.client.query(statement), await mine.client.query(statement)];
      expect(right.rows).toEqual(left.rows);
      expect(right.rows.length).toBeGreaterThan(0);
    }
  });

  test('six processes that start at once migrate it once, each migration in whole', async () => {
    const { url, client } = await newSchema();
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => prepareDatabase(url)));
    const applied = outcomes.flatMap((outcome) => (outcome.kind === 'own' ? outcome.applied : []));
    expect(applied.sort()).toEqual(ours);
    const { rows } = await client.query('SELECT count(*) FROM _prisma_migrations');
    expect(rows).toEqual([{ count: ours.length }]);
  });

  test('migrating waits for whoever holds the lock of Prisma', async () => {
    const { url, client } = await newSchema();
    await client.query('SELECT pg_advisory_lock(72707369)');
    const migrating = prepareDatabase(url);
    await expect
      .poll(async () => {
        const waiting = await client.query(
          `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 72707369 AND database =
             (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return waiting.rows.length;
      })
      .toBe(1);
    expect((await client.query(`SELECT to_regclass('events') AS made`)).rows).toEqual([{ made: null }]);
    await client.query('SELECT pg_advisory_unlock(72707369)');
    expect(await migrating).toEqual({ kind: 'own', applied: ours });
  });

  test('?schema= means what it means to Prisma: it is created, and everything lies in it', async () => {
    const { client, name } = await newSchema();
    const url = new URL(postgresUrl ?? '');
    url.searchParams.set('schema', name);
    await client.query(`DROP SCHEMA ${name}`);
    expect(await prepareDatabase(url.href)).toEqual({ kind: 'own', applied: ours });
    const { rows } = await client.query(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
      [name],
    );
    expect(rows.map((row) => row.name)).toEqual(['_prisma_migrations', 'events', 'invoices', 'outbox_log']);
  });

  test('a migration that fails leaves nothing of itself, and says why', async () => {
    const { url, client } = await newSchema();
    await prepareDatabase(url);
    await client.query(
      `DELETE FROM _prisma_migrations WHERE migration_name NOT LIKE '%_outbox'; ALTER TABLE invoices RENAME TO kept`,
    );
    const refusal = await refusalOf(url);
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_UNAVAILABLE');
    expect(refusal.message).toMatch(
      /refused \(PostgreSQL: relation "invoices_pkey" already exists \(42P07\)\)/,
    );
    const { rows } = await client.query(
      `SELECT to_regclass('invoices') AS made, (SELECT count(*) FROM _prisma_migrations) AS recorded`,
    );
    expect(rows).toEqual([{ made: null, recorded: 1 }]);
  });

  test('what an extension brought along is nobody’s application', async () => {
    const { url, client, name } = await newSchema();
    await client.query(
      `CREATE EXTENSION citext SCHEMA ${name}; CREATE EXTENSION pg_stat_statements SCHEMA ${name}`,
    );
    expect(await prepareDatabase(url)).toEqual({ kind: 'own', applied: ours });
  });

  test.each([
    [
      'newer',
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29990101000000_later', now())`,
      /was migrated by a newer release \(29990101000000_later\): install that release/,
    ],
    [
      'altered',
      `UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name LIKE '%_outbox'`,
      /was migrated with another version of \d+_outbox: restore/,
    ],
    [
      'unfinished',
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%_outbox'`,
      /holds a migration that broke off/,
    ],
  ])('a history that is %s is refused', async (_, statement, expected) => {
    const { url, client } = await newSchema();
    await prepareDatabase(url);
    await client.query(statement);
    const refusal = await refusalOf(url);
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_HISTORY' });
    expect(refusal.message).toMatch(expected);
  });
});
