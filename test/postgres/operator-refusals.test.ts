// The command line on PostgreSQL databases that are not as they should be: one clear line, the exit code it has on SQLite, nothing changed.
import { describe, expect, test, vi } from 'vitest';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { freePort } from '../helpers.ts';
import { outbox, outboxWith } from '../operator-command.ts';
import {
  asNobody,
  describeOnPostgres,
  insertPostgresEvent,
  newSchema,
  postgresUrl,
} from '../postgres-database.ts';
import { refusingServer } from './refusing-server.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const password = 'pAssw0rd';

/** What a command says, with --json, of a database that it refuses. */
async function refusalOf(url: string, args: readonly string[]) {
  const { status, stdout, stderr } = await outboxWith({ DATABASE_URL: url }, ...args, '--json');
  expect([stdout, stderr.trim().split('\n').length]).toEqual(['', 1]);
  expect(stderr).not.toContain(password);
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
  return { exit: status, ...error };
}

const lettingNobodyIn = { code: '28P01', text: 'password authentication failed for user "ann"' };

describe('a server that cannot be used', () => {
  test('because the password is wrong is a setting, one that is away may come back', async () => {
    const wrong = await refusalOf(await refusingServer({ ...lettingNobodyIn, password }), ['status']);
    expect(wrong).toMatchObject({ exit: 2, code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE' });
    expect(wrong.message).toMatch(/does not let the user ann in: check user and password/);
    const away = `postgres://ann:${password}@127.0.0.1:${await freePort()}/shop`;
    const gone = await refusalOf(away, ['redrive', '--dead', '--yes']);
    expect(gone).toMatchObject({ exit: 1, code: 'ERR_OUTBOX_DATABASE_BLOCKED' });
    expect(gone.message).toMatch(/ECONNREFUSED.*check that the server runs/);
    const plain = await outboxWith({ DATABASE_URL: away }, 'list');
    expect([plain.status, plain.stderr]).toEqual([1, expect.stringMatching(/^the database .*\n$/)]);
    const report = await outboxWith({ DATABASE_URL: away }, 'doctor');
    expect([report.status, report.stderr]).toEqual([5, '']);
    expect(report.stdout).toMatch(/^WRONG {3}server .*ECONNREFUSED.*To do: mend that/m);
    expect(report.stdout).not.toMatch(new RegExp(`${password}|file`));
  });

  test('cannot be backed up or cleaned away like a file, and its own command is named', () => {
    const url = `postgres://ann:${password}@db:6432/shop?schema=My%20shop`;
    const { status, stderr } = outbox(url, 'backup', "/backup/it's.dump");
    expect(status).toBe(2);
    expect(stderr).toContain(
      `pg_dump --host=db --port=6432 --username=ann --dbname=shop --format=custom '--table="My shop".events' '--table="My shop".outbox_log' '--file=/backup/it'\\''s.dump'`,
    );
    expect(stderr).not.toContain(password);
  });
});

describeOnPostgres('a database on a server', () => {
  test("without the outbox, or somebody else's, is left alone, with exit code 3", async () => {
    const empty = await newSchema();
    const theirs = await newSchema();
    await theirs.client.query('CREATE TABLE customers (id integer PRIMARY KEY)');
    for (const [{ url, client, name }, args, says, tables] of [
      [empty, ['status'], /lacks 2026.*npm run db:migrate/, []],
      [theirs, ['redrive', '--dead', '--yes'], /belongs to another application/, ['customers']],
    ] as const) {
      const refusal = await refusalOf(url, args);
      expect([refusal.exit, refusal.message]).toEqual([3, expect.stringMatching(says)]);
      const { rows } = await client.query('SELECT tablename FROM pg_tables WHERE schemaname = $1', [name]);
      expect(rows.map(({ tablename }) => tablename)).toEqual(tables);
    }
  });

  test('that does not exist is named, and none is made', async () => {
    const url = new URL(postgresUrl ?? '');
    url.pathname = '/no_such_database';
    const refusal = await refusalOf(url.href, ['list']);
    expect(refusal).toMatchObject({ exit: 2, message: expect.stringMatching(/does not exist: create it/) });
  });

  test('that this user may only read is shown, with SELECT on the two tables alone, and not changed', async () => {
    const made = await newSchema();
    await prepareDatabase(made.url);
    await insertPostgresEvent(made.client, { id: 'a', status: 'dead' });
    const { url, role } = await asNobody(made);
    await made.client.query(`GRANT SELECT ON events, outbox_log TO ${role}`);
    const readOnly = new URL(url);
    const options = `${readOnly.searchParams.get('options')} -c default_transaction_read_only=on`;
    readOnly.searchParams.set('options', options);
    const run = (...args: readonly string[]) => outboxWith({ DATABASE_URL: readOnly.href }, ...args);
    const [status, list, show, doctor] = await Promise.all([
      run('status', '--json'),
      run('list', '--json'),
      run('show', 'a', '--json'),
      run('doctor', '--json'),
    ]);
    expect([status.stderr, list.stderr, show.stderr]).toEqual(['', '', '']);
    expect(JSON.parse(status.stdout)).toMatchObject({ counts: { dead: 1 } });
    const { findings } = JSON.parse(doctor.stdout) as { findings: { check: string }[] };
    expect(findings.find(({ check }) => check === 'rights')).toMatchObject({
      level: 'wrong',
      todo: expect.stringMatching(/GRANT UPDATE, DELETE, INSERT ON events TO .* GRANT USAGE ON SEQUENCE/),
    });
    const refusal = await refusalOf(url, ['redrive', '--dead']);
    expect(refusal).toMatchObject({ exit: 2, code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE' });
    expect(refusal.message).toMatch(/GRANT UPDATE, DELETE ON events/);
    expect((await made.client.query('SELECT status FROM events')).rows).toEqual([{ status: 'dead' }]);
  });
});
