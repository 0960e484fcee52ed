// What must hold after each crash, and what at the very moment of it: the invariants of chaos, asked about a world's folder.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { readMigrations } from '../../apps/outbox/migration-files.ts';
import { sizeOf } from '../../apps/outbox/quiet-read.ts';
import { arenaFiles, type Evidence, readEvidence } from '../../scripts/chaos/evidence.ts';
import { invariants } from '../../scripts/chaos/invariants.ts';
import type { Estate } from '../../scripts/chaos/record.ts';
import { readLedger } from '../../scripts/sandbox/ledger-reader.ts';
import { waitFor } from '../helpers.ts';
import { isAlive, patienceMs, type World } from './world.ts';

/** These speak of PM2 and of a whole chaos run. Late settlements are asked about by the laps themselves, one by one. */
const notOfACrash: readonly string[] = [
  'drains-when-healed',
  'nothing-grows',
  'one-of-each',
  'nothing-left-running',
  'trouble-was-made',
  'stale-settle-fenced',
];

/** These hold at every instant, whatever is under way. */
const alwaysTrue: readonly string[] = [
  'journalled-is-committed',
  'one-event-per-invoice',
  'accepted-is-committed',
  'same-bytes',
  'database-intact',
];

const { database } = arenaFiles;

/** Throws unless everything holds now that all is settled. */
export function judge(world: World): void {
  world.noteUnaskedExits();
  throwIfBroken(readEvidence(world.folder), (name) => !notOfACrash.includes(name));
}

/** Throws unless a process that has just been stopped has left nothing half there, as seen from this process. */
export function lookWhileStopped(world: World): void {
  lookAt(world.folder);
}

/**
 * Throws unless a process that has just died has left nothing half there. If it was the last, this looks at a copy, so that
 * the next process finds everything as it was left. Returns what is leased, as one relayer's, or null.
 */
export function lookAfterDeath(world: World): Estate | null {
  if (world.runners.some(isAlive)) return lookAt(world.folder);
  return lookAt(copyOf(world, [database, `${database}-wal`, `${database}-journal`]));
}

/** Throws unless the database file alone, without its WAL, holds everything, and the WAL is empty. */
export function lookWithoutWal(world: World): void {
  const walBytes = sizeOf(`${world.file}-wal`);
  if (walBytes > 0) throw new Error(`${walBytes} bytes are left in the WAL`);
  lookAt(copyOf(world, [database]));
}

/** A folder with the evidence as it is now, and these files of the database. */
function copyOf(world: World, files: readonly string[]): string {
  const copy = path.join(world.folder, 'copy');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  for (const name of [...files, arenaFiles.journal, arenaFiles.ledger, arenaFiles.record]) {
    const file = path.join(world.folder, name);
    // Not copyFileSync: Node's never ends when somebody truncates the file meanwhile.
    if (existsSync(file)) writeFileSync(path.join(copy, name), readFileSync(file));
  }
  return copy;
}

/**
 * Throws unless everything that was accepted and stored has reached its receiver, once. Waits for what is on its way.
 */
export async function judgeWebhooks({ sandbox, folder }: World): Promise<void> {
  const isAtRest = () => sandbox.state().waitingToBeStored + sandbox.state().webhooks.waiting === 0;
  await waitFor('the last webhook', isAtRest, patienceMs);
  const { accepted } = readLedger(path.join(folder, arenaFiles.ledger));
  const owed = new Set(accepted.filter(({ fate }) => fate === undefined).map(({ key }) => key)).size;
  const { webhooks, receiver } = sandbox.state();
  const is = { received: receiver.received, repeated: receiver.repeated, failed: webhooks.failed };
  if (is.received !== owed || is.repeated > 0 || is.failed > 0) {
    throw new Error(`${owed} webhooks were owed, and the receivers have seen ${JSON.stringify(is)}`);
  }
}

function lookAt(folder: string): Estate | null {
  const file = path.join(folder, arenaFiles.database);
  if (sizeOf(file) === 0 || !isMigrated(file)) return null;
  throwIfBroken(readEvidence(folder), (name) => alwaysTrue.includes(name));
  const db = new Database(file, { fileMustExist: true });
  try {
    return estateIn(db);
  } finally {
    db.close();
  }
}

function estateIn(db: Database.Database): Estate | null {
  const leases = db
    .prepare('SELECT id || key_suffix AS key, lease_id, available_at FROM events WHERE lease_id IS NOT NULL')
    .all() as { readonly key: string; readonly lease_id: string; readonly available_at: number }[];
  const [first] = leases;
  if (first === undefined) return null;
  return {
    slot: first.lease_id.slice(0, 2),
    held: leases.map(({ key }) => key),
    leased: leases.length,
    leasedUntilMs: Math.min(...leases.map(({ available_at }) => available_at)),
  };
}

/** What is to be pruned has lost its invoice before. */
const isPruned = (offender: string) => offender.startsWith('event old-');

function throwIfBroken(evidence: Evidence, isAsked: (name: string) => boolean): void {
  const broken = invariants.flatMap(({ name, offenders }) => {
    const found = isAsked(name) ? offenders(evidence).filter((offender) => !isPruned(offender)) : [];
    return found.length === 0 ? [] : [`${name}: ${found.length}, such as ${found[0]}`];
  });
  if (broken.length > 0) throw new Error(`broken: ${broken.join('; ')}`);
}

const migrations = readMigrations();
const objects = `SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND name <> '_prisma_migrations' ORDER BY name`;

/** Whether every migration is there. Throws when there is more or less than whole ones, each with its row. */
function isMigrated(file: string): boolean {
  const db = new Database(file, { fileMustExist: true });
  const wanted = new Database(':memory:');
  try {
    const hasHistory = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = '_prisma_migrations'`).get();
    const rows = hasHistory === undefined ? 'SELECT 0' : 'SELECT count(*) FROM _prisma_migrations';
    const applied = Number(db.prepare(rows).pluck().get());
    for (const { sql } of migrations.slice(0, applied)) wanted.exec(sql);
    const [is, shouldBe] = [db, wanted].map((one) => JSON.stringify(one.prepare(objects).all()));
    if (is !== shouldBe) throw new Error(`half a migration: ${applied} in the history, and ${is}`);
    if (hasHistory !== undefined && applied === 0) throw new Error('half a migration: an empty history');
    return applied === migrations.length;
  } finally {
    db.close();
    wanted.close();
  }
}
