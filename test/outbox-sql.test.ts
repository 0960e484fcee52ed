// `outbox sql` and `outbox schema` beyond what test/adopting.test.ts shows: an upgrade, and a schema with partial indexes.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { sqlForTable } from '../apps/outbox/outbox-table.ts';
import { projectRoot, spawnNode, tempDirectory } from './helpers.ts';
import { plainConnection, schemaSql } from './outbox-database.ts';
import { driftOf, schemaText } from './schema-engine.ts';

async function outbox(args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, OUTBOX_ENV_FILE: '/dev/null', ...variables };
  const child = spawnNode(path.join(projectRoot, 'build', 'scripts', 'outbox', 'main.js'), args, { env });
  return { code: await child.exited, stdout: child.stdout, stderr: child.stderr };
}

describe('outbox sql', () => {
  test('after a part brings tables of that age to those of today, and nothing else', async () => {
    const first = '20260101000000_outbox';
    const all = (await outbox(['sql'])).stdout;
    const later = (await outbox(['sql', '--after', first])).stdout;
    expect(later).toContain('ADD COLUMN "resends"');
    expect(later).not.toContain('CREATE TABLE');
    expect(all.endsWith(`\n${later}`)).toBe(true);
    expect(all.startsWith(`-- transactional-outbox ${first}\n`)).toBe(true);
    const newest = /.*^-- transactional-outbox (\S+)$/ms.exec(all)?.[1] ?? '';
    expect((await outbox(['sql', '--after', newest])).stdout).toBe(`-- Nothing came after ${newest}.\n`);
  });

  test('refuses a part that there never was, and a table that is no name', async () => {
    const unknown = await outbox(['sql', '--after', 'yesterday']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('--after: expected one of 20260101000000_outbox, ');
    const table = await outbox(['sql'], { OUTBOX_TABLE: 'a; DROP TABLE users' });
    expect(table).toMatchObject({ code: 2, stdout: '' });
    expect(table.stderr).toContain('OUTBOX_TABLE: expected the name of a table');
  });
});

describe('for PostgreSQL', () => {
  test('outbox sql prints its statements when DATABASE_URL names it, or --engine does', async () => {
    const named = await outbox(['sql'], { DATABASE_URL: 'postgres://localhost/app' });
    const asked = await outbox(['sql', '--engine', 'postgres']);
    expect(asked.stdout).toBe(named.stdout);
    expect(asked.stdout).toMatch(/^-- transactional-outbox 20260401000000_outbox\n[\s\S]*"seq" BIGSERIAL/);
    expect(asked.stdout).toContain('CREATE TRIGGER "events_wake"');
    expect(asked.stdout).not.toContain('invoices');
    const sqlite = await outbox(['sql', '--engine', 'sqlite'], { DATABASE_URL: 'postgres://localhost/app' });
    expect(sqlite.stdout).toBe((await outbox(['sql'])).stdout);
  });

  test('outbox schema prints its models', async () => {
    const { stdout } = await outbox(['schema'], { DATABASE_URL: 'postgresql://localhost/app' });
    expect(stdout).toMatch(/seq +BigInt/);
    expect(stdout).toContain('@db.Timestamptz(3)');
    expect(stdout).not.toContain('where: raw');
  });
});

test('outbox schema --partial-indexes fits a schema with that preview feature', async () => {
  const variables = { OUTBOX_TABLE: 'webhooks' };
  const models = (await outbox(['schema', '--partial-indexes'], variables)).stdout;
  const file = path.join(tempDirectory(), 'app.db');
  plainConnection(file).exec(
    sqlForTable(schemaSql(), 'webhooks').replace(/CREATE TABLE "invoices"[\s\S]*?\);/, ''),
  );
  const head = schemaText.slice(0, schemaText.indexOf('/// The outbox.'));
  expect(models).toContain('map: "webhooks_due"');
  expect((await driftOf(file, `${head}${models}`)).trim()).toBe('-- This is an empty migration.');
});
