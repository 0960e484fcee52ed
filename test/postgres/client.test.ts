// The guarded client on PostgreSQL: durable whatever the role says, bounded in its waits, its transactions side by side, and never
// "committed" when the server rolled back.
import { expect, onTestFinished, test } from 'vitest';
import { append } from '../../apps/outbox/append.ts';
import { postgresAdapter } from '../../apps/outbox/postgres/adapter.ts';
import { openPostgresDemo, type PostgresDemoClient } from '../../apps/outbox/postgres/demo-client.ts';
import { signal } from '../adopter-writes.ts';
import { describeOnPostgres, newOutbox, postgresUrl } from '../postgres-database.ts';

const limits = { maxWait: 5_000, timeout: 5_000 };
const event = { businessId: 'acme', eventType: 'invoice.created', payload: { n: 1 } };

async function open(url: string, lockWaitMs?: number): Promise<PostgresDemoClient> {
  const client = await openPostgresDemo({ url, ...(lockWaitMs === undefined ? {} : { lockWaitMs }) }, limits);
  onTestFinished(() => client.$disconnect());
  return client;
}

async function openOutbox(lockWaitMs?: number) {
  const { url, name, client: db } = await newOutbox();
  const count = async () => (await db.query('SELECT count(*) AS n FROM events')).rows[0]?.n;
  return { url, name, db, count, client: await open(url, lockWaitMs) };
}

describeOnPostgres('the client on PostgreSQL', () => {
  test('commits durably, also for a role that would not', async () => {
    const { url } = await newOutbox();
    const careless = new URL(url);
    const options = `${careless.searchParams.get('options')} -c synchronous_commit=off`;
    careless.searchParams.set('options', options);
    const client = await open(careless.href, 1234);
    const setting = (name: string) => client.$queryRawUnsafe(`SELECT current_setting('${name}') AS value`);
    expect(await setting('synchronous_commit')).toEqual([{ value: 'on' }]);
    expect(await setting('lock_timeout')).toEqual([{ value: '1234ms' }]);
    expect(await setting('transaction_isolation')).toEqual([{ value: 'read committed' }]);
  });

  test('works in the schema of ?schema=, and of the search_path', async () => {
    const { name, count, client } = await openOutbox();
    await client.$transaction((tx) => append(tx, event));
    const url = new URL(postgresUrl ?? '');
    url.searchParams.set('schema', name);
    const other = await open(url.href);
    await other.$transaction((tx) => append(tx, event));
    await other.$executeRawUnsafe(
      `INSERT INTO events (business_id, event_type, payload) VALUES ('acme', 'raw', '{}')`,
    );
    expect(await count()).toBe(3);
    expect(await client.event.count()).toBe(3);
  });

  test('runs two transactions at once, neither waiting for the other', async () => {
    const { client, count } = await openOutbox();
    const [first, second] = [signal(), signal()];
    const both = await Promise.all([
      client.$transaction(async (tx) => {
        await append(tx, event);
        first.resolve();
        await second.promise;
        return append(tx, event);
      }),
      client.$transaction(async (tx) => {
        await first.promise;
        await append(tx, event);
        second.resolve();
      }),
    ]);
    expect(both).toHaveLength(2);
    expect(await count()).toBe(3);
  });

  test('gives up on a lock after lockWaitMs, with the error of the database', async () => {
    const { client, db, count } = await openOutbox(50);
    await db.query('BEGIN; LOCK TABLE events');
    await expect(client.$transaction((tx) => append(tx, event))).rejects.toThrow(/lock timeout/);
    await db.query('ROLLBACK');
    expect(await count()).toBe(0);
  });

  test('never says that a transaction was committed which the server rolled back', async () => {
    const { client, count } = await openOutbox();
    const swallow = () =>
      client.$transaction(async (tx) => {
        await append(tx, event);
        await tx.$executeRawUnsafe('SELECT 1/0').catch(() => {});
      });
    // More often than the pool has connections: none of them may be lost, or stay inside a broken transaction.
    for (let round = 0; round < 12; round++) {
      await expect(swallow()).rejects.toMatchObject({ code: 'ERR_OUTBOX_ROLLED_BACK' });
    }
    expect(await count()).toBe(0);
    await client.$transaction((tx) => append(tx, event));
    expect(await count()).toBe(1);
  });

  test('commits what a savepoint saved', async () => {
    const { client, count } = await openOutbox();
    await client.$transaction(async (tx) => {
      await append(tx, event);
      await tx.$executeRawUnsafe('SAVEPOINT before');
      await tx.$executeRawUnsafe('SELECT 1/0').catch(() => {});
      await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT before');
    });
    expect(await count()).toBe(1);
  });

  test('lets nothing of a transaction that is over reach the connection, which may serve another by then', async () => {
    const { url, count } = await openOutbox();
    const adapter = await postgresAdapter({ url }).connect();
    onTestFinished(() => adapter.dispose());
    const statement = (sql: string) => ({ sql, args: [], argTypes: [] });
    const insert = statement(`INSERT INTO events (business_id, event_type, payload) VALUES ('a', 'b', '{}')`);
    const first = await adapter.startTransaction();
    await first.executeRaw(insert);
    await first.executeRaw(statement('COMMIT'));
    await first.commit();
    const second = await adapter.startTransaction();
    await expect(first.executeRaw(insert)).rejects.toMatchObject({
      cause: { kind: 'TransactionAlreadyClosed' },
    });
    await second.executeRaw(statement('ROLLBACK'));
    await second.rollback();
    expect(await count()).toBe(1);
  });
});

describeOnPostgres('a call of the root client inside one of its own transactions', () => {
  const calls: Record<string, (client: PostgresDemoClient) => PromiseLike<unknown>> = {
    'a read': (client) => client.event.count(),
    'a raw statement': (client) => client.$executeRawUnsafe('DELETE FROM events'),
    'a transaction': (client) => client.$transaction(async (tx) => tx.event.count()),
    'a call of an extended client': (client) => client.$extends({}).event.count(),
  };

  test.each(Object.keys(calls))('is refused at once: %s', async (kind) => {
    const { client, count } = await openOutbox();
    const outcome = client.$transaction(async (tx) => {
      await append(tx, event);
      await calls[kind]?.(client);
    });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
      message: expect.stringMatching(/outside of that transaction.*Use the client that \$transaction passes/),
    });
    expect(await count()).toBe(0);
  });

  test('is no harm on another client, and a raw BEGIN on the root client is not run', async () => {
    const { client, url } = await openOutbox();
    const other = await open(url);
    expect(await client.$transaction(async () => other.event.count())).toBe(0);
    await expect(client.$executeRawUnsafe('BEGIN')).rejects.toMatchObject({
      code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
    });
  });
});
