// Databases ready to be used: made once, copied for each run, so that every run begins with the same bytes. The ready-made ones
// are those of a relayer that has worked before: the gateway is verified and the businesses are known.
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { businessIds, formEvent } from './event-form.ts';
import type { Ground, RelayerSetup } from './ground.ts';
import { inTime, until } from './patience.ts';
import { startRelayer } from './relayer-process.ts';

export interface Stock {
  /** A copy with so many pending events, under a new name. */
  take(pending: number): Promise<string>;
  /** A copy that no relayer has ever seen. */
  takeNew(pending: number): Promise<string>;
  /** Removes a copy that nobody uses any more. */
  drop(file: string): void;
}

/** Events delivered while a database was made ready. */
export const deliveredBefore: number = 2 * businessIds.length;

export function createStock(
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
      const pending = pendingIn(file);
      await Promise.race([process.failed, until(() => pending() === 0, limit)]);
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
    drop: (file) => {
      const names = readdirSync(ground.folder).filter((name) => name.startsWith(path.basename(file)));
      for (const name of names) rmSync(ground.file(name));
    },
  };
}

function making(pending: number, signal: AbortSignal) {
  return { what: 'a database is filled', withinMs: 60_000 + pending, signal };
}

const perTransaction = 10_000;

/** Adds events in big transactions. Others may have the file open. */
export async function addEvents(file: string, count: number): Promise<void> {
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

/**
 * A look at how many events are pending (1 stands for any number), through a connection of its own that is closed at zero. What is
 * scheduled for more than an hour later is left out.
 */
export function pendingIn(file: string): () => number {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  const any = db
    .prepare(`SELECT 1 FROM events WHERE status = 'pending' AND available_at < ? LIMIT 1`)
    .pluck();
  return () => {
    if (!db.open) return 0;
    const pending = Number(any.get(Date.now() + 3_600_000) ?? 0);
    if (pending === 0) db.close();
    return pending;
  };
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

/** How many events are processed. */
export function processedIn(file: string): number {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    return Number(db.prepare(`SELECT count(*) FROM events WHERE status = 'processed'`).pluck().get());
  } finally {
    db.close();
  }
}
