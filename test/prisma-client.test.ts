// The guarded client against the traps of the bare adapter, with real files, two connections and another application's
// generated client. Each test fails on Prisma's own adapter.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { append } from '../apps/outbox/append.ts';
import { type AdopterClient, adopter, adopterFile } from './adopter-client.ts';
import { named, otherProcess, signal, upsertOf, writes } from './adopter-writes.ts';

const app = await adopter();

describe('a write beside a transaction that is rolled back', () => {
  test.each(Object.keys(writes))('is kept: %s', async (kind) => {
    const file = adopterFile();
    const client = await app.open(file);
    const isOpen = signal();
    const mayFail = signal();
    const doomed = client.$transaction(async (tx) => {
      await tx.customer.create(named('doomed'));
      isOpen.resolve();
      await mayFail.promise;
      throw new Error('the business changed its mind');
    });
    await isOpen.promise;
    // A call of Prisma begins when somebody waits for it.
    const beside = Promise.resolve(writes[kind]?.(client, 'beside'));
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    mayFail.resolve();
    await expect(doomed).rejects.toThrow('changed its mind');
    await beside;
    expect(otherProcess(file).names()).toEqual(['beside']);
  });
});

describe('a transaction that reads and then writes', () => {
  const readsFirst: Record<string, (client: AdopterClient) => Promise<unknown>> = {
    'an interactive transaction': (client) =>
      client.$transaction(async (tx) => {
        await tx.customer.findMany({});
        await tx.customer.create(named('new'));
      }),
    'a batch': (client) =>
      client.$transaction([client.customer.findMany({}), client.customer.create(named('new'))]),
    'an upsert': (client) => client.customer.upsert(upsertOf('new')),
    'a nested create': (client) =>
      client.customer.update({ where: { name: 'old' }, data: { orders: { create: [{ item: 'new' }] } } }),
    'raw statements': (client) =>
      client.$transaction(async (tx) => {
        await tx.$queryRawUnsafe('SELECT * FROM Customer');
        await tx.$executeRawUnsafe(`INSERT INTO Customer (name) VALUES ('new')`);
      }),
  };

  test.each(Object.keys(readsFirst))(
    'is not refused because another process wants to commit: %s',
    async (kind) => {
      const file = adopterFile();
      const client = await app.open(file);
      await client.customer.create(named('old'));
      const other = otherProcess(file);
      const attempts: string[] = [];
      // Prisma tells of a statement right after it ran: between the read and the write.
      client.$on('query', ({ query }) => {
        if (query.startsWith('SELECT') && attempts.length === 0) attempts.push(other.write());
      });
      await readsFirst[kind]?.(client);
      expect(attempts).toEqual(['locked']);
      expect([...other.names(), ...other.items()]).toContain('new');
      expect(other.write()).toBe('committed');
    },
  );
});

describe('durability', () => {
  test('a reopened file still commits with synchronous=FULL, and leaves checkpoints to the relayer', async () => {
    const file = adopterFile();
    const first = await app.open(file);
    await first.customer.create(named('a'));
    await first.$disconnect();
    const client = await app.open(file);
    const pragma = async (name: string) =>
      Object.values((await client.$queryRawUnsafe(`PRAGMA ${name}`))[0] ?? {})[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(Number(await pragma('synchronous'))).toBe(2);
    expect(Number(await pragma('wal_autocheckpoint'))).toBe(10_000);
  });
});

describe('many callers at once', () => {
  test('fifty mixed calls all land exactly once, between transactions that roll back', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const kinds = Object.values(writes);
    const names = Array.from({ length: 50 }, (_, n) => `customer ${String(n).padStart(2, '0')}`);
    const doomed = async () => {
      const outcome = client.$transaction(async (tx) => {
        await tx.customer.create(named('doomed'));
        await nextTurn();
        throw new Error('rolled back');
      });
      await expect(outcome).rejects.toThrow('rolled back');
    };
    // Ten callers, each with five calls of its own after another, and beside each one whose transactions fail.
    const caller = async (first: number, call: (n: number) => Promise<unknown> | undefined) => {
      for (let n = first; n < names.length; n += 10) await call(n);
    };
    const firsts = Array.from({ length: 10 }, (_, n) => n);
    await Promise.all([
      ...firsts.map((first) => caller(first, doomed)),
      ...firsts.map((first) => caller(first, (n) => kinds[n % kinds.length]?.(client, names[n] ?? ''))),
    ]);
    expect(otherProcess(file).names()).toEqual(names);
  });

  test('two clients of one file in one process take turns instead of freezing each other', async () => {
    const file = adopterFile();
    const clients = [await app.open(file), await app.open(file)];
    const add = (client: AdopterClient, name: string) =>
      client.$transaction(async (tx) => {
        await tx.customer.create(named(name));
        await nextTurn();
        await append(tx, { businessId: 'b', eventType: 't', payload: { name } });
      });
    await Promise.all(clients.flatMap((client, c) => [0, 1, 2, 3, 4].map((n) => add(client, `${c}-${n}`))));
    expect(otherProcess(file).count('events')).toBe(10);
  });
});
