// What a PostgreSQL database that cannot be used is told: host, port, database, user, what to do, never the password, and whether the
// process is started again. A server of a few lines says what a real one cannot be made to say here.
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exitCodeOf } from '../../apps/outbox/daemon.ts';
import { checkDatabase, prepareDatabase } from '../../apps/outbox/migrate.ts';
import { postgresAddress } from '../../apps/outbox/postgres/address.ts';
import { openPostgresDemo } from '../../apps/outbox/postgres/demo-client.ts';
import { refuseServer } from '../../apps/outbox/postgres/server-facts.ts';
import { freePort } from '../helpers.ts';
import { asNobody, describeOnPostgres, newOutbox, newSchema, postgresUrl } from '../postgres-database.ts';

const password = 'pAssw0rd';

async function refusalOf(attempt: Promise<unknown>) {
  const error = await attempt.then(
    () => expect.fail('it was accepted'),
    (reason: unknown) => reason as { code: string; message: string },
  );
  expect(error.message).not.toContain(password);
  return { ...error, message: error.message, exit: exitCodeOf(error) };
}

/** A server that answers whoever connects with one error, as PostgreSQL's protocol has it. */
async function refusingServer(code: string, text: string): Promise<string> {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`;
  const reply = Buffer.alloc(5 + fields.length);
  reply.write('E');
  reply.writeInt32BE(4 + fields.length, 1);
  reply.write(fields, 5);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const at = server.address();
  return `postgres://ann:${password}@127.0.0.1:${typeof at === 'object' ? at?.port : 0}/shop`;
}

describe('a server that lets nobody in', () => {
  test.each([
    [
      '28P01',
      'password authentication failed for user "ann"',
      2,
      /does not let the user ann in: check user and password/,
    ],
    ['28000', 'no pg_hba.conf entry', 2, /does not let the user ann in.*pg_hba\.conf/],
    [
      '3D000',
      'database "shop" does not exist',
      2,
      /does not exist: create it \(createdb -h 127\.0\.0\.1 -p \d+ shop\)/,
    ],
    ['57P03', 'the database system is starting up', 1, /is starting up, shutting down or recovering: wait/],
    ['53300', 'sorry, too many clients already', 1, /has no connection left/],
  ])('with %s says so: %s', async (code, text, exit, expected) => {
    const url = await refusingServer(code, text);
    const attempts = [prepareDatabase, checkDatabase, () => openPostgresDemo({ url }, limits)];
    for (const attempt of attempts) {
      const refusal = await refusalOf(attempt(url));
      expect(refusal.message).toMatch(/^the database postgres:\/\/ann@127\.0\.0\.1:\d+\/shop /);
      expect(refusal.message).toMatch(expected);
      expect(refusal.exit).toBe(exit);
    }
  });

  test('because there is none is waited for', async () => {
    const url = `postgres://ann:${password}@127.0.0.1:${await freePort()}/shop`;
    const refusal = await refusalOf(prepareDatabase(url));
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_BLOCKED', exit: 1 });
    expect(refusal.message).toMatch(
      /ECONNREFUSED.*check that the server runs and that 127\.0\.0\.1:\d+ can be reached/,
    );
  });
});

const limits = { maxWait: 5_000, timeout: 5_000 };

describe('a server is refused', () => {
  const address = postgresAddress('postgres://ann@db/shop');
  const good = {
    versionNumber: 150_020,
    version: '15.20',
    isReplica: false,
    isReadOnly: false,
    schema: 'public',
  };

  test('that is too old, as a matter of configuration', async () => {
    const asked = async () => refuseServer(address, { ...good, versionNumber: 130_014, version: '13.14' });
    const refusal = await refusalOf(asked());
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_POSTGRES_VERSION', exit: 2 });
    expect(refusal.message).toBe(
      'the database postgres://ann@db:5432/shop is on PostgreSQL 13.14: 14 or later is needed. Upgrade the server',
    );
  });

  test('that is a replica, for now', async () => {
    const refusal = await refusalOf((async () => refuseServer(address, { ...good, isReplica: true }))());
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_BLOCKED', exit: 1 });
    expect(refusal.message).toMatch(
      /takes no writes: it is a read-only replica.*Point DATABASE_URL at the primary/,
    );
    expect(() => refuseServer(address, good)).not.toThrow();
  });
});

describeOnPostgres('on a real server,', () => {
  test('a role that may not create tables is told so', async () => {
    const { url } = await asNobody(await newSchema());
    const refusal = await refusalOf(prepareDatabase(url));
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE', exit: 2 });
    expect(refusal.message).toMatch(
      /permission denied for schema .*let the owner of the tables run "npm run db:migrate"/,
    );
  });

  test('a role that lacks rights gets the GRANTs, and they suffice', async () => {
    const made = await newOutbox();
    const { url, role } = await asNobody(made);
    await checkDatabase(url);
    const refusal = await refusalOf(prepareDatabase(url));
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE', exit: 2 });
    const grants = [...refusal.message.matchAll(/GRANT .*?;/g)].map(([grant]) => grant);
    expect(grants).toHaveLength(3);
    await made.client.query(grants.join('\n'));
    expect(await prepareDatabase(url)).toEqual({ kind: 'adopted' });
    await made.client.query(`SET ROLE ${role}; INSERT INTO outbox_log (kind) VALUES ('test'); RESET ROLE`);
  });

  test('a database, a schema or a name that does not exist is said', async () => {
    const elsewhere = new URL(postgresUrl ?? '');
    elsewhere.pathname = '/no_such_database';
    const database = await refusalOf(prepareDatabase(elsewhere.href));
    expect(database.message).toMatch(/\/no_such_database does not exist: create it/);
    const nowhere = new URL(postgresUrl ?? '');
    nowhere.searchParams.set('schema', 'no_such_schema');
    const schema = await refusalOf(openPostgresDemo({ url: nowhere.href }, limits));
    expect(schema.message).toMatch(/\(schema no_such_schema\) has no such schema: create it/);
    expect([database.exit, schema.exit]).toEqual([2, 2]);
  });

  test('a read-only one is waited for', async () => {
    const { url: open } = await newOutbox();
    const url = new URL(open);
    url.searchParams.set('options', `${url.searchParams.get('options')} -c default_transaction_read_only=on`);
    const refusal = await refusalOf(prepareDatabase(url.href));
    expect(refusal).toMatchObject({ code: 'ERR_OUTBOX_DATABASE_BLOCKED', exit: 1 });
  });
});
