// What the tests of the guarded client do with another application's client: every kind of write, and a second process
// that looks and interferes.
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { AdopterClient } from './adopter-client.ts';

/** A second connection, which to SQLite is what another process is. It never waits for a lock. */
export function otherProcess(file: string) {
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
export function signal() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A customer to create. */
export const named = (name: string) => ({ data: { name } });
/** A customer with an order, which takes two statements. */
export const withOrder = (name: string) => ({ data: { name, orders: { create: [{ item: 'first' }] } } });
/** An upsert that Prisma makes of a SELECT and two INSERTs. */
export const upsertOf = (name: string) => ({
  where: { name },
  create: { name, orders: { create: [{ item: 'first' }] } },
  update: { visits: { increment: 1 } },
});

/** Every kind of write that adds one customer. */
export const writes: Record<string, (client: AdopterClient, name: string) => Promise<unknown>> = {
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
