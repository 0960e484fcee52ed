// A network that forgets the connections of a relayer and tells nobody, while new ones work: what is asked ends, new connections are
// opened, and an end is an end. The server is real; a proxy before it forgets.
import { expect, onTestFinished, test } from 'vitest';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { openSession } from '../../apps/outbox/postgres/session.ts';
import { FakeClock } from '../fake-clock.ts';
import { waitFor } from '../helpers.ts';
import { describeOnPostgres } from '../postgres-database.ts';
import { proxiedOutbox } from './proxied-outbox.ts';

/** An outbox behind a proxy, and pools that give a statement so long. */
async function scene() {
  const { proxy, url, client } = await proxiedOutbox();
  const connect = (statementTimeoutMs: number) =>
    connectPostgres({ url, applicationName: 'test', synchronousCommit: 'off', statementTimeoutMs });
  return { proxy, connect, client, url };
}

type Connection = ReturnType<typeof connectPostgres>;

/** Lets the pool open so many connections: it opens one when all it has are busy. */
async function opened(connection: Connection, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => connection.query('SELECT pg_sleep(0.02)')));
}

describeOnPostgres('connections that the network has forgotten', () => {
  test('keep nobody waiting: what was asked fails, and the next question goes over a new one, whichever were idle', async () => {
    const { proxy, connect } = await scene();
    const connection = connect(500);
    onTestFinished(() => connection.close());
    await opened(connection, 4);
    expect(proxy.forget()).toBe(4);
    const asked = connection.query('SELECT 1 AS one');
    const moved = connection.transaction((tx) => tx.run('SELECT 1'));
    for (const question of [asked, moved])
      await expect(question).rejects.toMatchObject({ kind: 'passing', code: 'ETIMEDOUT' });
    expect(await connection.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await connection.transaction((tx) => tx.query('SELECT 2 AS two'))).toEqual([{ two: 2 }]);
  });

  test('end when they are told to, a pool that is replaced, one that is closed and a session, all busy or idle', async () => {
    const { proxy, connect, url } = await scene();
    const [renewed, closed, session] = [connect(60_000), connect(60_000), await sessionOn(url)];
    onTestFinished(() => renewed.close());
    for (const connection of [renewed, closed]) await opened(connection, 2);
    expect(proxy.forget()).toBe(5);
    const asked = [renewed, closed].map((connection) =>
      connection.query('SELECT 1').catch((error: unknown) => error),
    );
    // A pool hands a connection out a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    renewed.renew();
    expect(await renewed.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all([closed.close(), session.end(), session.ended]);
    for (const question of asked) expect(await question).toMatchObject({ kind: 'passing' });
  });
});

/** It does not ping: its time stands still. */
async function sessionOn(url: string, onSilence = () => {}) {
  const session = await openSession(
    { onSilence, url, applicationName: 'test', channel: 'outbox_silent', clock: new FakeClock() },
    () => {},
  );
  onTestFinished(() => session.end());
  return session;
}

describeOnPostgres('a session', () => {
  test('is over once a question was not answered, so that a lock granted unseen is nobody’s', async () => {
    const { url } = await scene();
    let isSaid = false;
    const session = await sessionOn(url, () => {
      isSaid = true;
    });
    const other = await sessionOn(url);
    await other.query('SELECT pg_advisory_lock(77, 1)');
    const asked = session.query('SELECT pg_advisory_lock(77, 1)');
    await expect(asked).rejects.toMatchObject({ kind: 'passing', code: 'ETIMEDOUT' });
    await session.ended;
    expect(isSaid).toBe(true);
    await other.query('SELECT pg_advisory_unlock(77, 1)');
    await waitFor('the lock is free', async () => {
      const [row] = await other.query<{ held: boolean }>('SELECT pg_try_advisory_lock(77, 1) AS held');
      return row?.held;
    });
  });

  test('is given up by the server soon after its host is lost, whatever the server has told it last', async () => {
    const { url } = await scene();
    const session = await sessionOn(url);
    expect(await session.query('SHOW tcp_user_timeout')).toEqual([{ tcp_user_timeout: '10000' }]);
  });
});

describeOnPostgres('a transaction whose connection is lost between two statements', () => {
  test('fails at its next, and nothing else does', async () => {
    const { connect } = await scene();
    const connection = connect(60_000);
    onTestFinished(() => connection.close());
    const cut = connection.transaction(async (tx) => {
      const [mine] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await connection.query('SELECT pg_terminate_backend($1, 5000)', [mine?.pid]);
      await connection.query('SELECT 1');
      return tx.query('SELECT 1');
    });
    await expect(cut).rejects.toMatchObject({ kind: 'passing' });
    expect(await connection.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describeOnPostgres('a transaction that has lifted its limit', () => {
  test('is waited for, however long a statement takes', async () => {
    const { connect } = await scene();
    const connection = connect(500);
    onTestFinished(() => connection.close());
    const slow = connection.transaction(
      async (tx) => {
        await tx.run('SET LOCAL statement_timeout = 0');
        return tx.query('SELECT 1 AS one FROM pg_sleep(2.6)');
      },
      { isUnhurried: true },
    );
    expect(await slow).toEqual([{ one: 1 }]);
  });
});
