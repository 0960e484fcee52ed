// What the guarded client waits for, and what it refuses to wait for: other processes, itself, a file that is not there.
import { describe, expect, onTestFinished, test } from 'vitest';
import { append } from '../apps/outbox/append.ts';
import { systemClock } from '../apps/outbox/clock.ts';
import { openOutboxClient } from '../apps/outbox/outbox-client.ts';
import { openSqliteDemo } from '../apps/outbox/prisma-client.ts';
import { type AdopterClient, type AdopterTransaction, adopter, adopterFile } from './adopter-client.ts';
import { named, otherProcess, signal, writes } from './adopter-writes.ts';
import { waitFor } from './helpers.ts';
import { plainConnection } from './outbox-database.ts';

const app = await adopter();

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
    const client = await openSqliteDemo({ url: adopterFile() });
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

test('a writer that opens while another process holds the lock records itself when the lock is free', async () => {
  const file = adopterFile();
  const other = plainConnection(file);
  other.exec('BEGIN IMMEDIATE');
  const clock = {
    ...systemClock,
    after(delayMs: number, callback: () => void) {
      if (other.inTransaction) other.exec('ROLLBACK');
      return systemClock.after(delayMs, callback);
    },
  };
  await app.open(file, { clock });
  expect(other.inTransaction).toBe(false);
  expect(other.prepare(`SELECT count(*) FROM outbox_log WHERE kind = 'writer_opened'`).pluck().get()).toBe(1);
});
