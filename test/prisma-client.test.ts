// The guarded client against the traps of the bare adapter, with real files, two connections and another application's
// generated client. Each test fails on Prisma's own adapter.
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { append } from '../apps/outbox/append.ts';
import { openOutboxClient } from '../apps/outbox/outbox-client.ts';
import { openDemoClient } from '../apps/outbox/prisma-client.ts';
import { type AdopterClient, type AdopterTransaction, adopter, adopterFile } from './adopter-client.ts';
import { waitFor } from './helpers.ts';

const app = await adopter();

/** A second connection, which to SQLite is what another process is. It never waits for a lock. */
function otherProcess(file: string) {
  const db = new Database(file, { timeout: 0 });
  onTestFinished(() => void db.close());
  const read = (sql: string, ...values: unknown[]) => db.prepare(sql).pluck().all(values);
  return {
    db,
    names: () => read('SELECT name FROM Customer ORDER BY name'),
    items: () => read('SELECT item FROM "Order" ORDER BY id'),
    count: (table: string) => read(`SELECT count(*) FROM "${table}"`)[0],
    /** Commits something, or says that the file is locked. */
    write(): 'committed' | 'locked' {
      try {
        db.exec(`INSERT INTO "Order" (item, customerId) SELECT 'theirs', id FROM Customer LIMIT 1`);
        return 'committed';
      } catch {
        return 'locked';
      }
    },
  };
}

/** A promise and what resolves it. */
function signal() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const named = (name: string) => ({ data: { name } });
const withOrder = (name: string) => ({ data: { name, orders: { create: [{ item: 'first' }] } } });
const upsertOf = (name: string) => ({
  where: { name },
  create: { name, orders: { create: [{ item: 'first' }] } },
  update: { visits: { increment: 1 } },
});

/** Every kind of write that adds one customer. */
const writes: Record<string, (client: AdopterClient, name: string) => Promise<unknown>> = {
  'a create': (client, name) => client.customer.create(named(name)),
  'a nested create': (client, name) => client.customer.create(withOrder(name)),
  'an upsert in one statement': (client, name) =>
    client.customer.upsert({ where: { name }, create: { name }, update: { visits: { increment: 1 } } }),
  'an upsert in a transaction': (client, name) => client.customer.upsert(upsertOf(name)),
  'a createMany': (client, name) => client.customer.createMany({ data: [{ name }] }),
  'a raw INSERT': (client, name) => client.$executeRawUnsafe('INSERT INTO Customer (name) VALUES (?)', name),
  'a raw INSERT ... RETURNING': (client, name) =>
    client.$queryRawUnsafe('INSERT INTO Customer (name) VALUES (?) RETURNING id', name),
  'a batch': (client, name) =>
    client.$transaction([client.customer.create(named(name)), client.customer.count()]),
  'an interactive transaction': (client, name) =>
    client.$transaction(async (tx) => {
      await tx.customer.count();
      await tx.customer.create(named(name));
    }),
};

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

describe('a call of the root client inside its own transaction', () => {
  const calls: Record<string, (client: AdopterClient) => unknown> = {
    'a create': (client) => client.customer.create(named('inner')),
    'a read': (client) => client.customer.findUnique({ where: { name: 'x' } }),
    'a raw query': (client) => client.$queryRawUnsafe('SELECT 1'),
    'a raw statement': (client) => client.$executeRawUnsafe('DELETE FROM Customer'),
    'a batch': (client) => client.$transaction([client.customer.create(named('inner'))]),
    'a transaction': (client) => client.$transaction(async (tx) => tx.customer.count()),
    'a call of an extended client': (client) => client.$extends({}).customer.create(named('inner')),
  };

  test.each(Object.keys(calls))('throws at once and rolls back: %s', async (kind) => {
    const file = adopterFile();
    const client = await app.open(file);
    const outcome = client.$transaction(async (tx) => {
      await tx.customer.create(named('outer'));
      await calls[kind]?.(client);
    });
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION' });
    expect(otherProcess(file).names()).toEqual([]);
    expect(await client.customer.count()).toBe(0);
  });

  test('throws at once on another client of the same file, and through a link', async () => {
    const file = adopterFile();
    const client = await app.open(file);
    const second = await app.open(`file:${file}`);
    const outcome = client.$transaction(async () => second.customer.count());
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION' });
  });

  test('is allowed on another file', async () => {
    const client = await app.open(adopterFile());
    const elsewhere = await app.open(adopterFile());
    expect(await client.$transaction(async () => elsewhere.customer.count())).toBe(0);
  });

  test('is allowed to what a finished transaction left running', async () => {
    const client = await app.open(adopterFile());
    const isOver = signal();
    let leftRunning: Promise<unknown> = Promise.resolve();
    await client.$transaction(async (tx) => {
      await tx.customer.create(named('inside'));
      leftRunning = isOver.promise.then(() => client.customer.create(named('after')));
    });
    isOver.resolve();
    await leftRunning;
    expect(await client.customer.count()).toBe(2);
  });

  test('is not held against a caller whose request Prisma sends in the same tick', async () => {
    const client = await app.open(adopterFile());
    await client.customer.create(named('known'));
    for (let round = 0; round < 20; round++) {
      const isOpen = signal();
      const inside = client.$transaction(async (tx) => {
        await tx.customer.count();
        isOpen.resolve();
        return tx.customer.findUnique({ where: { name: 'known' } });
      });
      const outside = isOpen.promise.then(() => client.customer.findUnique({ where: { name: 'known' } }));
      expect(await Promise.all([inside, outside])).toMatchObject([{ name: 'known' }, { name: 'known' }]);
    }
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

describe('a lock held by another process', () => {
  test.each(['a create', 'an interactive transaction', 'an upsert in a transaction'])(
    'is waited for without stopping the event loop: %s',
    async (kind) => {
      const file = adopterFile();
      const client = await app.open(file);
      const other = otherProcess(file);
      other.db.exec('BEGIN IMMEDIATE');
      let isDone = false;
      const write = writes[kind]?.(client, 'patient').then(() => {
        isDone = true;
      });
      // Timers go on running meanwhile; a hundred turns take far longer than one attempt.
      let turns = 0;
      await waitFor('turns of the event loop', () => ++turns > 100);
      expect(isDone).toBe(false);
      other.db.exec('COMMIT');
      await write;
      expect(other.names()).toEqual(['patient']);
    },
  );

  test('ends the wait with a clear error after the bound, and the client stays usable', async () => {
    const file = adopterFile();
    const client = await app.open(file, { lockWaitMs: 30 });
    const other = otherProcess(file);
    other.db.exec('BEGIN IMMEDIATE');
    for (const kind of ['a create', 'an interactive transaction']) {
      const outcome = writes[kind]?.(client, 'late');
      await expect(outcome).rejects.toMatchObject({
        code: 'ERR_OUTBOX_DATABASE_BLOCKED',
        message: expect.stringMatching(/locked by another process for 30 ms: find it/),
      });
    }
    other.db.exec('COMMIT');
    await client.customer.create(named('next'));
    expect(other.names()).toEqual(['next']);
  });
});

describe('opening', () => {
  test('a missing file is an error, not a new empty database', async () => {
    const file = `${adopterFile()}-typo`;
    await expect(app.open(file)).rejects.toMatchObject({ code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE' });
  });

  test('a file that is no database is an error', async () => {
    await expect(app.open(import.meta.filename)).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_CORRUPT',
    });
  });

  test('a URL of another database is an error that names no password', async () => {
    const outcome = app.open('file:');
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_OUTBOX_CONFIG' });
  });

  test("this project's own client is guarded the same way", async () => {
    const client = await openDemoClient({ url: adopterFile() });
    onTestFinished(() => client.$disconnect());
    const outcome = client.$transaction(() => client.event.count());
    await expect(outcome).rejects.toMatchObject({ code: 'ERR_OUTBOX_CLIENT_IN_TRANSACTION' });
  });

  test('a transaction of another generated client fits append', async () => {
    const file = adopterFile();
    const client = await openOutboxClient({ url: file }, app.create);
    onTestFinished(async () => void (await client.$disconnect()));
    const id = await client.$transaction((tx: AdopterTransaction) =>
      append(tx, { businessId: 'b', eventType: 't', payload: { n: 1 } }),
    );
    expect(otherProcess(file).db.prepare('SELECT id FROM events').pluck().all()).toEqual([id]);
  });
});
