// Roles with exactly the rights that docs/postgres.md lists, in our own schema: the applications run with them, and without one of them say
// which.
import path from 'node:path';
import { expect, test } from 'vitest';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { projectRoot, spawnNode, waitFor } from '../helpers.ts';
import { keysAt, startBuiltRelayer, startPlainConvoy, variablesFor } from '../plain-convoy.ts';
import { asNobody, describeOnPostgres, insertPostgresEvent, newSchema } from '../postgres-database.ts';

const listed = {
  relayer: [
    'SELECT, UPDATE, DELETE ON events',
    'SELECT, INSERT, DELETE ON outbox_log',
    'USAGE ON SEQUENCE outbox_log_id_seq',
    'SELECT ON _prisma_migrations',
  ],
  appender: ['INSERT, SELECT ON events', 'USAGE ON SEQUENCE events_seq_seq', 'SELECT ON _prisma_migrations'],
};

/** A schema that its owner has migrated, as a role with these rights in it. */
async function asRoleWith(rights: readonly string[]) {
  const made = await newSchema();
  await prepareDatabase(made.url);
  const { role, url } = await asNobody(made);
  await made.client.query(rights.map((right) => `GRANT ${right} TO ${role};`).join('\n'));
  return { ...made, role, url };
}

const refusal = (url: string) =>
  prepareDatabase(url).then(
    () => expect.fail('it was accepted'),
    ({ message }: Error) => message,
  );

describeOnPostgres('with exactly the rights that are listed', () => {
  test('a relayer delivers', async () => {
    const { client, url } = await asRoleWith(listed.relayer);
    const convoy = await startPlainConvoy();
    await insertPostgresEvent(client);
    const relayer = startBuiltRelayer({ DATABASE_URL: url, ...variablesFor(convoy) });
    await waitFor(
      'the event to arrive, or the end',
      () => keysAt(convoy).length === 1 || relayer.stderr !== '',
    );
    expect([relayer.stderr, keysAt(convoy).length]).toEqual(['', 1]);
  });

  test('an application that appends does, with what it needs for its own tables', async () => {
    const { client, role, url } = await asRoleWith(listed.appender);
    await client.query(`GRANT SELECT, INSERT ON invoices TO ${role}`);
    const script = path.join(projectRoot, 'build', 'apps', 'ingester', 'main.js');
    const ingester = spawnNode(script, ['--rate', '1ms', '--count', '2'], {
      env: { PATH: process.env.PATH ?? '', OUTBOX_ENV_FILE: '/dev/null', DATABASE_URL: url },
    });
    expect([await ingester.exited, ingester.stderr]).toEqual([0, '']);
    const { rows } = await client.query('SELECT count(*)::int AS events FROM events');
    expect(rows).toEqual([{ events: 2 }]);
  });

  test('and without any a relayer is told all of them at once', async () => {
    const { client, url, role } = await asRoleWith([]);
    const message = await refusal(url);
    const grants = message.match(/GRANT .*?;/g) ?? [];
    expect(grants).toHaveLength(4);
    expect(grants).toContain(`GRANT SELECT ON _prisma_migrations TO "${role}";`);
    await client.query(grants.join('\n'));
    expect(await prepareDatabase(url)).toEqual({ kind: 'own', applied: [] });
  });
});
