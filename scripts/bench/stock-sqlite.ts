// The stock on SQLite: files in the run's folder, each copied from one that was made once, so that every run begins with the same bytes.
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { sqliteBulk } from './bulk-sqlite.ts';
import { formEvent } from './event-form.ts';
import type { Ground, RelayerSetup } from './ground.ts';
import { aboutSqlite, looksAtSqlite } from './looks-sqlite.ts';
import { inTime, until } from './patience.ts';
import { startRelayer } from './relayer-process.ts';
import { deliveredBefore, making, type Stock } from './stock.ts';

/** Makes nothing before it is asked for. */
export function createSqliteStock(
  ground: Ground,
  relayer: Omit<RelayerSetup, 'database'>,
  signal: AbortSignal,
): Stock {
  const templates = new Map<string, Promise<string>>();
  let copies = 0;

  const template = (name: string, make: (file: string) => Promise<void>) => {
    const file = ground.file(`${name}.template.db`);
    const made = templates.get(name) ?? make(file).then(() => file);
    templates.set(name, made);
    return made;
  };
  const known = (pending: number) =>
    template(`known-${pending}`, async (file) => {
      if (pending > 0) {
        copyFileSync(await known(0), file);
        await addEvents(file, pending);
      } else {
        await prepareDatabase(file);
        await addEvents(file, deliveredBefore);
        await deliverAll(file);
      }
      await emptyWal(file);
    });
  const unknown = (pending: number) =>
    template(`new-${pending}`, async (file) => {
      await prepareDatabase(file);
      await addEvents(file, pending);
      await emptyWal(file);
    });
  const deliverAll = async (file: string) => {
    const process = startRelayer(ground, { ...relayer, database: file });
    try {
      const limit = { what: 'a relayer makes a database ready', withinMs: 30_000, signal };
      const pending = looksAtSqlite.pendingIn(file);
      await Promise.race([process.failed, until(async () => !(await pending()), limit)]);
    } finally {
      await process.stop();
    }
  };
  const copy = (file: string) => {
    copies += 1;
    const target = ground.file(`events-${copies}.db`);
    copyFileSync(file, target);
    return target;
  };
  return {
    take: async (pending) => copy(await inTime(known(pending), making(pending, signal))),
    takeNew: async (pending) => copy(await inTime(unknown(pending), making(pending, signal))),
    async drop(file) {
      const names = readdirSync(ground.folder).filter((name) => name.startsWith(path.basename(file)));
      for (const name of names) rmSync(ground.file(name));
    },
    addEvents,
    addAtOnce,
    bulk: sqliteBulk(ground.folder),
    ...looksAtSqlite,
    about: async () => aboutSqlite(await known(0)),
    // Its database is part of the relayer's own process.
    serverCpuMs: async () => null,
    async end() {},
  };
}

const perTransaction = 10_000;

async function addEvents(file: string, count: number): Promise<void> {
  const db = await openDatabase(file, {
    synchronous: 'NORMAL',
    busyTimeoutMs: 5_000,
    autocheckpointPages: 10_000,
  });
  const insert = db.prepare('INSERT INTO events (business_id, event_type, payload) VALUES (?, ?, ?)');
  const insertSome = db.transaction((from: number, to: number) => {
    for (let number = from; number < to; number++) {
      const { businessId, eventType, payload } = formEvent(number);
      insert.run(businessId, eventType, payload);
    }
  });
  for (let from = 0; from < count; from += perTransaction) {
    insertSome.immediate(from, Math.min(from + perTransaction, count));
  }
  db.close();
}

async function addAtOnce<Result>(
  file: string,
  count: number,
  beforeCommit: () => Promise<Result>,
): Promise<Result> {
  const db = await openDatabase(file, {
    synchronous: 'NORMAL',
    busyTimeoutMs: 5_000,
    autocheckpointPages: 10_000,
  });
  try {
    const insert = db.prepare('INSERT INTO events (business_id, event_type, payload) VALUES (?, ?, ?)');
    db.exec('BEGIN IMMEDIATE');
    for (let number = 0; number < count; number++) {
      const { businessId, eventType, payload } = formEvent(number);
      insert.run(businessId, eventType, payload);
    }
    const result = await beforeCommit();
    db.exec('COMMIT');
    return result;
  } finally {
    db.close();
  }
}

/** So that the file alone is the whole database. */
async function emptyWal(file: string): Promise<void> {
  const db = await openDatabase(file, {
    synchronous: 'NORMAL',
    busyTimeoutMs: 5_000,
    autocheckpointPages: 10_000,
  });
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}
