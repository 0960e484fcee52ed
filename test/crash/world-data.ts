// What a world's tests read from its database and write into it, always over a connection that is open for a moment only: a
// connection that stayed open would keep the WAL's index alive, and no process that starts after a kill would have to
// rebuild it.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { systemClock } from '../../apps/outbox/clock.ts';
import { isBusy } from '../../apps/outbox/sqlite/code.ts';
import { readQuietly } from '../../apps/outbox/sqlite/quiet-read.ts';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { demoBusinesses } from '../../scripts/sandbox/endpoint.ts';
import { waitFor } from '../helpers.ts';
import { type EventColumns, insertEvent } from '../outbox-database.ts';
import { type Runner, slotOf } from './runner.ts';
import { patienceMs } from './setting.ts';
import type { World } from './world.ts';

/** The first column of the first row. */
export function oneValue(world: World, sql: string): Promise<unknown> {
  return readQuietly(world.file, systemClock, (db) => db.prepare(sql).pluck().get());
}

/** The first column of all rows, as texts. */
export async function allValues(world: World, sql: string): Promise<readonly string[]> {
  const values = await readQuietly(world.file, systemClock, (db) => db.prepare(sql).pluck().all());
  return values.map(String);
}

/** Whether a condition in SQL holds. */
export async function holds(world: World, condition: string): Promise<boolean> {
  return (await oneValue(world, `SELECT ${condition}`)) === 1;
}

/** What a relayer that has come up holds, by key: it has named its slot, and every lease of the slot is its own. */
export async function keysHeldBy(world: World, { node }: Runner): Promise<readonly string[]> {
  const slot = slotOf(node.stdout);
  if (slot === null) return [];
  const range = `lease_id >= '${slot}:' AND lease_id < '${slot};'`;
  return allValues(world, `SELECT id || key_suffix FROM events WHERE ${range}`);
}

/** Nothing waits to be sent but what its business has no endpoint for. */
export const everythingIsSent = `NOT EXISTS (SELECT 1 FROM events WHERE status = 'pending' AND wait_reason IS NOT 'endpoint')`;

const everythingIsProcessed = `NOT EXISTS (SELECT 1 FROM events WHERE status <> 'processed')`;

/** What has to come true before a lap is judged. */
export function isDone({ setting }: World): string {
  return `${everythingIsProcessed} AND ${setting.isDone ?? 1}`;
}

/**
 * Does something in one transaction. While another process holds the lock it is tried again, without a pause for the
 * sandbox, which lives in this process. Returns false, with nothing done, when somebody is struck meanwhile.
 */
export async function write(world: World, work: (db: Database.Database) => void): Promise<boolean> {
  return waitFor(
    'the write lock',
    () => {
      if (tryToWrite(world, work)) return { isWritten: true };
      return world.orders.struck() === null ? null : { isWritten: false };
    },
    patienceMs,
  ).then(({ isWritten }) => isWritten);
}

/** Whether nobody holds the write lock at this moment. */
export function isWriteLockFree(world: World): boolean {
  return tryToWrite(world, () => {});
}

function tryToWrite({ file }: World, work: (db: Database.Database) => void): boolean {
  const db = new Database(file, { timeout: 0, fileMustExist: true });
  try {
    db.pragma('synchronous = NORMAL');
    db.transaction(() => work(db)).immediate();
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  } finally {
    db.close();
  }
}

/**
 * Records invoices with their events, as an ingester would, and journals them. Returns the keys of the events; none when
 * somebody was struck meanwhile.
 */
export async function addInvoices(
  world: World,
  count: number,
  columns: EventColumns = {},
): Promise<readonly string[]> {
  const invoices = Array.from({ length: count }, () => ({ invoice: randomUUID(), key: randomUUID() }));
  const isWritten = await write(world, (db) => {
    for (const { invoice, key } of invoices) {
      const owner = columns.business_id ?? demoBusinesses[0]?.owner ?? '';
      db.prepare(
        `INSERT INTO invoices (id, business_id, amount, currency, status, description) VALUES (?, ?, 100, 'EUR', 'sent', 'x')`,
      ).run(invoice, owner);
      const payload = JSON.stringify({ event_type: 'invoice.created', data: { id: invoice } });
      insertEvent(db, { id: key, ...columns, business_id: owner, payload });
    }
  });
  if (!isWritten) return [];
  world.ownCommits.push({ invoices: invoices.map(({ invoice }) => invoice), returnedMs: monotonicMs() });
  appendFileSync(world.journal, invoices.map(({ invoice }) => `${invoice}\n`).join(''));
  return invoices.map(({ key }) => key);
}
