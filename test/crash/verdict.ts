// What must hold after each crash, and what at the very moment of it: the invariants of chaos, asked about a world's folder.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { readMigrations } from '../../apps/outbox/migration-files.ts';
import { sizeOf } from '../../apps/outbox/sqlite/quiet-read.ts';
import { arenaFiles, type Evidence, readEvidence } from '../../scripts/chaos/evidence.ts';
import { invariants } from '../../scripts/chaos/invariants.ts';
import { readLedger } from '../../scripts/sandbox/ledger-reader.ts';
import { waitFor } from '../helpers.ts';
import { type Leases, leasesIn } from './estate.ts';
import type { Struck } from './order.ts';
import { isAlive } from './runner.ts';
import { patienceMs } from './setting.ts';
import { commitsIn } from './wal-left.ts';
import type { World } from './world.ts';

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
  world.noteWhatHappened();
  throwIf(breaches(world, readEvidence(world.folder)));
}

/** What does not hold of a world in which all is settled. */
export function breaches({ signal }: Pick<World, 'signal'>, evidence: Evidence): readonly Breach[] {
  // Where somebody stands still leases are short, and run out before it can be told who took them over.
  const unasked = signal === 'SIGSTOP' ? [...notOfACrash, 'taken-over-at-once'] : notOfACrash;
  return breachesOf(evidence, (name) => !unasked.includes(name));
}

/** Throws unless a process that has just been stopped has left nothing half there, as seen from this process. */
export function lookWhileStopped(world: Pick<World, 'folder'>): void {
  lookAt(world.folder);
}

/**
 * Throws unless a process that has just died has left nothing half there. If it was the last, this looks at a copy, so that
 * the next process finds everything as it was left. Returns what is leased, by whomever.
 */
export function lookAfterDeath(world: World): Leases {
  if (world.runners.some(isAlive)) return lookAt(world.folder);
  return lookAt(copyOf(world, [database, `${database}-wal`, `${database}-journal`]));
}

/**
 * Throws unless the database file alone, without its WAL, holds everything that was committed before somebody was struck
 * right behind a checkpoint. The test may have committed invoices since then: what the WAL holds must be these, and no more.
 */
export function lookWithoutWal(world: World, { cameFrom }: Pick<Struck, 'cameFrom'>): void {
  if (cameFrom?.point !== 'wal:before-checkpoint') throw new Error('it was struck behind no checkpoint');
  const own = world.ownCommits.filter(({ returnedMs }) => returnedMs > cameFrom.monotonicMs);
  const left = commitsIn(`${world.file}-wal`);
  if (left > own.length) throw new Error(`${left} commits are left in the WAL, ${own.length} of them later`);
  const copy = copyOf(world, [database]);
  const journal = path.join(copy, arenaFiles.journal);
  const later = new Set(own.slice(own.length - left).flatMap(({ invoices }) => invoices));
  const lines = existsSync(journal) ? readFileSync(journal, 'utf8').split('\n') : [];
  writeFileSync(journal, lines.filter((invoice) => !later.has(invoice)).join('\n'));
  lookAt(copy);
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
export async function judgeWebhooks({ sandbox, folder }: Pick<World, 'sandbox' | 'folder'>): Promise<void> {
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

function lookAt(folder: string): Leases {
  const file = path.join(folder, arenaFiles.database);
  if (sizeOf(file) === 0 || !isMigrated(file)) return [];
  throwIf(breachesOf(readEvidence(folder), (name) => alwaysTrue.includes(name)));
  const db = new Database(file, { fileMustExist: true });
  try {
    return leasesIn(db);
  } finally {
    db.close();
  }
}

/** What is to be pruned has lost its invoice before. */
const isPruned = (offender: string) => offender.startsWith('event old-');

/** An invariant that does not hold, how often, and the first case. */
export interface Breach {
  readonly name: string;
  readonly count: number;
  readonly example: string;
}

function breachesOf(evidence: Evidence, isAsked: (name: string) => boolean): readonly Breach[] {
  return invariants.flatMap(({ name, offenders }) => {
    const found = isAsked(name) ? offenders(evidence).filter((offender) => !isPruned(offender)) : [];
    const [example] = found;
    return example === undefined ? [] : [{ name, count: found.length, example }];
  });
}

function throwIf(broken: readonly Breach[]): void {
  if (broken.length === 0) return;
  const words = broken.map(({ name, count, example }) => `${name}: ${count}, such as ${example}`);
  throw new Error(`broken: ${words.join('; ')}`);
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
