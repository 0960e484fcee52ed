// How a transaction of the guarded client ends: completely, exactly once, and the next caller gets its turn.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { append } from '../apps/outbox/append.ts';
import { type AdopterClient, adopter, adopterFile } from './adopter-client.ts';
import { named, otherProcess, signal, withOrder } from './adopter-writes.ts';

const app = await adopter();

describe('a rollback', () => {
  const failing: Record<string, (client: AdopterClient) => Promise<unknown>> = {
    'an interactive transaction': (client) =>
      client.$transaction(async (tx) => {
        await tx.customer.create(withOrder('new'));
        await append(tx, { businessId: 'b', eventType: 't', payload: {} });
        await tx.customer.create(named('taken'));
      }),
    'a batch': (client) =>
      client.$transaction([client.customer.create(withOrder('new')), client.customer.create(named('taken'))]),
    'a nested create': (client) =>
      client.customer.create({
        data: { name: 'new', orders: { create: [{ item: 'a' }, { id: 1, item: 'b' }] } },
      }),
    'a refused event': (client) =>
      client.$transaction(async (tx) => {
        await tx.customer.create(named('new'));
        await append(tx, { businessId: 'b', eventType: 't', payload: { text: '\u0000' } });
      }),
  };

  test.each(Object.keys(failing))('leaves nothing, and the client usable: %s', async (kind) => {
    const file = adopterFile();
    const client = await app.open(file);
    await client.customer.create(withOrder('taken'));
    await expect(failing[kind]?.(client)).rejects.toThrow();
    const other = otherProcess(file);
    expect(other.names()).toEqual(['taken']);
    expect([other.count('Order'), other.count('events')]).toEqual([1, 0]);
    await client.customer.create(named('next'));
    expect(other.names()).toEqual(['next', 'taken']);
  });

  test('of a transaction that timed out lets the next one in', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const never = new Promise<never>(() => {});
    const isOpen = signal();
    client
      .$transaction(
        async (tx) => {
          await tx.customer.create(named('stuck'));
          isOpen.resolve();
          await never;
        },
        { timeout: 50 },
      )
      .catch(() => {});
    await isOpen.promise;
    await client.customer.create(named('next'));
    expect(otherProcess(file).names()).toEqual(['next']);
  });

  test('follows a COMMIT that fails on a deferred foreign key', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const outcome = client.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('PRAGMA defer_foreign_keys = ON');
      await tx.$executeRawUnsafe(`INSERT INTO "Order" (item, customerId) VALUES ('orphan', 99)`);
    });
    await expect(outcome).rejects.toThrow();
    await client.$transaction(async (tx) => tx.customer.create(named('next')));
    const other = otherProcess(file);
    expect([other.names(), other.count('Order')]).toEqual([['next'], 0]);
  });
});

describe('a statement that outlives its transaction', () => {
  test('runs neither by itself nor inside the next one', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const items = Array.from({ length: 100 }, (_, n) => ({ id: n + 1, item: 'new' }));
    await client.customer.create({ data: { name: 'old', orders: { create: items } } });
    const changes = items.map(({ id }) => ({ where: { id }, data: { item: 'changed' } }));
    const isUnderWay = signal();
    let changed = 0;
    client.$on('query', ({ query }) => {
      if (query.startsWith('UPDATE') && ++changed === 10) isUnderWay.resolve();
    });
    let stray: Promise<unknown> = Promise.resolve();
    await client.$transaction(async (tx) => {
      await tx.customer.create(named('first'));
      // A hundred statements that nobody awaits: the COMMIT comes in the middle of them.
      stray = Promise.resolve(
        tx.customer.update({ where: { name: 'old' }, data: { orders: { updateMany: changes } } }),
      );
      stray.catch(() => {});
      await isUnderWay.promise;
    });
    const other = otherProcess(file);
    const committed = other.items();
    expect(committed.slice(-1)).toEqual(['new']);
    await client.$transaction(async (tx) => {
      await tx.customer.create(named('second'));
      for (let turn = 0; turn < 50; turn++) await nextTurn();
    });
    await expect(stray).rejects.toThrow('this transaction is over');
    expect(other.items()).toEqual(committed);
  });

  test('is refused when SQLite has ended the transaction in the meantime', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const outcome = client.$transaction(async (tx) => {
      await tx.customer.create(named('first'));
      // What SQLite does by itself when a disk is full at the wrong moment.
      await tx.$executeRawUnsafe('ROLLBACK');
      await tx.customer.create(named('second'));
    });
    await expect(outcome).rejects.toThrow();
    expect(otherProcess(file).names()).toEqual([]);
  });
});

describe('a transaction begun by hand on the root client', () => {
  test('is refused, and does not swallow what others write', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    await expect(client.$executeRawUnsafe('BEGIN')).rejects.toMatchObject({
      code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION',
    });
    await client.customer.create(named('kept'));
    await client.$executeRawUnsafe('ROLLBACK').catch(() => {});
    expect(otherProcess(file).names()).toEqual(['kept']);
  });
});
