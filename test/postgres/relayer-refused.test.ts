// A relayer that finds no PostgreSQL database to work on: one line on standard error, an exit code by which PM2 restarts it (1) or does
// not (2, 3), and no password in either.
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../helpers.ts';
import { startBuiltRelayer, variablesFor } from '../plain-convoy.ts';
import { describeOnPostgres, newOutbox, newSchema, postgresUrl } from '../postgres-database.ts';
import { refusingServer } from './refusing-server.ts';

const nowhere = { url: 'http://127.0.0.1:9', requests: [], answer: () => {} };

/** Starts a relayer on the URL; returns how it ended. */
async function endOn(url: string) {
  const relayer = startBuiltRelayer({ ...variablesFor(nowhere), DATABASE_URL: url });
  const exit = await relayer.exited;
  expect(relayer.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(relayer.stdout + relayer.stderr).not.toContain('pAssw0rd');
  return { exit, line: relayer.stderr };
}

/** The URL with another setting of the server for this connection. */
function withOption(url: string, option: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', `${changed.searchParams.get('options')} -c ${option}`);
  return changed.href;
}

describeOnPostgres('a relayer that cannot run on PostgreSQL says why in one line and exits,', () => {
  test('with 1 when nobody answers: the server may come', async () => {
    const end = await endOn(`postgres://ann:pAssw0rd@127.0.0.1:${await freePort()}/shop`);
    expect(end.exit).toBe(1);
    expect(end.line).toMatch(
      /^the database postgres:\/\/ann@127\.0\.0\.1:\d+\/shop .*ECONNREFUSED.*check that the server runs/,
    );
  });

  test('with 2 when the password is wrong', async () => {
    const text = 'password authentication failed for user "ann"';
    const end = await endOn(await refusingServer({ code: '28P01', text, password: 'pAssw0rd' }));
    expect(end).toMatchObject({ exit: 2, line: expect.stringMatching(/does not let the user ann in/) });
  });

  test('with 2 when there is no such database', async () => {
    const url = new URL(postgresUrl ?? '');
    url.pathname = '/no_such_database';
    const end = await endOn(url.href);
    expect(end.exit).toBe(2);
    expect(end.line).toMatch(/\/no_such_database does not exist: create it \(createdb/);
  });

  test('with 2 and the GRANTs to run when its role lacks rights', async () => {
    const { client, name, url } = await newOutbox();
    const role = `outbox_test_${randomBytes(6).toString('hex')}`;
    await client.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA ${name} TO ${role}`);
    onTestFinished(async () => void (await client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)));
    const end = await endOn(withOption(url, `role=${role}`));
    expect(end.exit).toBe(2);
    expect(end.line).toContain(`GRANT SELECT, UPDATE, DELETE ON events TO "${role}";`);
    expect(end.line).toContain(`GRANT SELECT, INSERT, DELETE ON outbox_log TO "${role}";`);
  });

  test('with 1 when it takes no writes: a replica may become the primary', async () => {
    const { url } = await newOutbox();
    const end = await endOn(withOption(url, 'default_transaction_read_only=on'));
    expect(end.exit).toBe(1);
    expect(end.line).toMatch(/takes no writes: it is a read-only replica.*Point DATABASE_URL at the primary/);
  });

  test('with 3 and the SQL to add when the table of events is somebody else’s', async () => {
    const { client, url } = await newSchema();
    await client.query('CREATE TABLE events (id bigint PRIMARY KEY, title text)');
    const end = await endOn(url);
    expect(end.exit).toBe(3);
    expect(end.line).toContain('ERR_OUTBOX_DATABASE_FOREIGN');
    const { rows } = await client.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`,
    );
    expect(rows).toEqual([{ table_name: 'events' }]);
  });
});
