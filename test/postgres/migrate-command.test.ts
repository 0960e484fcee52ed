// `npm run db:migrate` on PostgreSQL, as a process: what it says and how it ends.
import { expect, test } from 'vitest';
import { spawnNode } from '../helpers.ts';
import { migrateScript } from '../migrate-rig.ts';
import { describeOnPostgres, newSchema } from '../postgres-database.ts';

async function migrate(url: string) {
  const env = { PATH: process.env.PATH, OUTBOX_ENV_FILE: '/dev/null', DATABASE_URL: url };
  const child = spawnNode(migrateScript, [], { env });
  return { code: await child.exited, stdout: child.stdout, stderr: child.stderr };
}

describeOnPostgres('npm run db:migrate', () => {
  test('migrates the database that DATABASE_URL names, and says so without the password', async () => {
    const place = await newSchema();
    const url = new URL(place.url);
    url.password = 'pAssw0rd';
    expect(await migrate(url.href)).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^postgres:\/\/.*: applied\n {2}\d+_outbox\n {2}\d+_demo_invoices\n {2}\d+_wake_sleepers\n$/,
      ),
      stderr: '',
    });
    const again = await migrate(url.href);
    expect(again.stdout).toMatch(/: up to date\n$/);
    expect(again.stdout).not.toContain('pAssw0rd');
  });

  test('prints the SQL that another application’s database lacks, and fails', async () => {
    const { url, client } = await newSchema();
    await client.query('CREATE TABLE users (id int)');
    const { code, stdout, stderr } = await migrate(url);
    expect(code).toBe(3);
    expect(stderr).toContain('belongs to another application');
    await client.query(stdout);
    expect((await migrate(url)).stdout).toMatch(/another application's, its outbox tables fit\n$/);
  });
});
