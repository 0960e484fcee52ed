// A relayer behind a real PgBouncer that lends its connections out by the transaction; skipped where none is installed.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort, tempDirectory, waitFor } from '../helpers.ts';
import { keysAt, startBuiltRelayer, startPlainConvoy, variablesFor } from '../plain-convoy.ts';
import { describeOnPostgres, insertPostgresEvent, newOutbox, postgresRow } from '../postgres-database.ts';

const isInstalled = spawnSync('pgbouncer', ['--version']).status === 0;

/** A pool of one connection to the server, so that whatever anybody sets there is met by whoever comes next. */
async function startPool({ url, name }: { readonly url: string; readonly name: string }): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const listenPort = await freePort();
  const file = path.join(tempDirectory(), 'pgbouncer.ini');
  const server = `host=${hostname} port=${port || 5432} user=${username}${password && ` password=${password}`}`;
  writeFileSync(
    file,
    `[databases]
     pooled = ${server} dbname=${pathname.slice(1)} connect_query='SET search_path = ${name}'
     [pgbouncer]
     listen_addr = 127.0.0.1
     listen_port = ${listenPort}
     unix_socket_dir =
     auth_type = any
     pool_mode = transaction
     default_pool_size = 1`.replaceAll(/^ +/gm, ''),
  );
  // It refuses to run as root.
  const args = process.getuid?.() === 0 ? ['-u', 'nobody', file] : [file];
  const pool = spawn('pgbouncer', args, { stdio: 'ignore' });
  onTestFinished(() => void pool.kill('SIGKILL'));
  return `postgres://anybody@127.0.0.1:${listenPort}/pooled`;
}

async function connected(url: string): Promise<pg.Client> {
  const client = await waitFor('the pool answers', async () => {
    const attempt = new pg.Client({ connectionString: url });
    attempt.on('error', () => {});
    return attempt.connect().then(
      () => attempt,
      () => null,
    );
  });
  onTestFinished(() => client.end());
  return client;
}

const describePooled = isInstalled ? describeOnPostgres : describe.skip;

describePooled('a relayer behind PgBouncer in transaction mode', () => {
  test('says so, delivers by polling, and leaves nothing on the shared connection', async () => {
    const outbox = await newOutbox();
    const url = await startPool(outbox);
    const client = await connected(url);
    const facts = async () => {
      const { rows } = await client.query(`
        SELECT current_setting('synchronous_commit') AS synchronous_commit, current_setting('statement_timeout') AS timeout,
               (SELECT count(*)::int FROM pg_prepared_statements) AS prepared, pg_backend_pid() AS pid,
               (SELECT count(*)::int FROM pg_listening_channels()) AS listening,
               (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`);
      return rows[0];
    };
    const before = await facts();
    const convoy = await startPlainConvoy();
    const relayer = startBuiltRelayer({ ...variablesFor(convoy), DATABASE_URL: url }, [
      '--poll-interval',
      '100ms',
    ]);
    await waitFor('it is told', () => relayer.stdout.includes('a proxy pools connections by transaction'));
    const seq = await insertPostgresEvent(outbox.client);
    await waitFor(
      'its delivery',
      async () => (await postgresRow(outbox.client, seq))?.status === 'processed',
    );
    expect(keysAt(convoy)).toHaveLength(1);
    expect(await facts()).toEqual(before);
    expect(before).toMatchObject({ prepared: 0, listening: 0, locks: 0 });
    relayer.child.kill('SIGTERM');
    expect(await relayer.exited).toBe(0);
  });
});
