// A process that stands still (SIGSTOP) at a crash point. Where it holds the write lock, nobody can write, and what is
// committed is whole; anywhere else the others deliver everything without it, and all that it still holds comes too late.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { waitFor } from '../helpers.ts';
import { crashTable } from './crash-table.ts';
import { inSlots } from './estate.ts';
import type { Struck } from './order.ts';
import { type Runner, whoIs } from './runner.ts';
import { atLeast, type Scene, untilStruckOr } from './scene.ts';
import { patienceMs } from './setting.ts';
import { lookWhileStopped } from './verdict.ts';
import type { World } from './world.ts';
import { addInvoices, everythingIsSent, holds, isWriteLockFree, keysHeldBy, oneValue } from './world-data.ts';

/** Who was struck, what it held then, and how many of these leases have meanwhile become somebody else's. */
export interface Crash {
  readonly victim: Runner;
  readonly struck: Struck;
  /** Keys of events. */
  readonly held: readonly string[];
  readonly leases: number;
  /** The other relayers that cannot settle meanwhile, since it has the write lock, and what each of them holds. */
  readonly blocked: readonly { readonly runner: Runner; readonly held: readonly string[] }[];
}

/**
 * Looks on while it stands still: for a moment, or where it has the lock `forLong`, until every lease has run out. Throws
 * when that hurts more than it must, or is not so.
 */
export async function standStill(world: World, crash: Crash, forLong = false): Promise<Crash> {
  const { victim, struck } = crash;
  await waitFor('it to stand still', () => isStopped(struck.pid));
  victim.isStopped = true;
  const isLocked = crashTable[struck.point].lock === 'held';
  const held = inSlots(await keysHeldBy(world, victim));
  const blocked = isLocked ? await heldByOthers(world) : [];
  if (isLocked) await staysLocked(world, forLong);
  else await othersGoOn(world);
  const leases = isLocked ? 0 : held.length;
  if (!isStopped(struck.pid)) throw new Error('it did not stand still to the end');
  return { ...crash, held, leases, blocked };
}

/** Nobody can write; what was committed can be read, and is whole. It has lost no lease. */
async function staysLocked(world: World, forLong: boolean): Promise<void> {
  for (let looks = 0; looks < 5; looks++) {
    if (isWriteLockFree(world)) throw new Error('the write lock is free here');
    await pause(10);
  }
  lookWhileStopped(world);
  // Inside the first migration there is no event yet, and so no lease.
  if (!(await holds(world, `EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'events')`))) return;
  const someLast = () =>
    `EXISTS (SELECT 1 FROM events WHERE lease_id IS NOT NULL AND available_at > ${Date.now()})`;
  if (forLong) await waitFor('all leases to end', async () => !(await holds(world, someLast())), patienceMs);
}

async function heldByOthers(world: World): Promise<Crash['blocked']> {
  const others = world.relayers().map(async (runner) => ({ runner, held: await keysHeldBy(world, runner) }));
  return Promise.all(others);
}

/** Everything is delivered without it: what came before, what it holds when its leases have run out, and what comes now. */
async function othersGoOn(world: World): Promise<void> {
  await waitFor('the write lock, which is held here,', () => isWriteLockFree(world));
  lookWhileStopped(world);
  await atLeast(world, 1);
  await addInvoices(world, 3);
  await untilStruckOr(world, everythingIsSent);
}

/** Wakes it, and it goes on to where it is struck again. */
export function goOn(world: World, crash: Crash): void {
  wake(crash);
  noteSleep(world, crash);
}

function wake({ victim }: Crash): void {
  victim.node.child.kill('SIGCONT');
  victim.isStopped = false;
}

/** Only a relayer can send twice for it. */
function noteSleep(world: World, crash: Crash): void {
  const { victim, struck, held, leases } = crash;
  noteBlocked(world, crash);
  if (victim.target !== 'relayer') return;
  const span = { fromMs: struck.monotonicMs, toMs: monotonicMs() };
  world.record.add({ kind: 'pause', ...whoIs(victim, 'relayer'), held, fenced: leases, ...span });
}

/** Who could not settle stood still as well: what it has sent is sent again if its lease ended meanwhile. */
export function noteBlocked(world: World, { struck, blocked }: Crash): void {
  const span = { fromMs: struck.monotonicMs, toMs: monotonicMs() };
  for (const { runner, held } of blocked)
    world.record.add({ kind: 'pause', ...whoIs(runner, 'relayer'), held: inSlots(held), fenced: 0, ...span });
}

/** Wakes it and waits until every settlement that it still had in hand was refused, for 30 s unless told otherwise. */
export async function comeBack(
  world: World,
  scene: Pick<Scene, 'afterwards'>,
  crash: Crash,
  withinMs = patienceMs,
): Promise<void> {
  const { leases, victim } = crash;
  const refusedBefore = leases === 0 ? 0 : await refusedEvents(world);
  wake(crash);
  if (leases > 0) {
    const areRefused = async () => (await refusedEvents(world)) >= refusedBefore + leases;
    await waitFor(`its ${leases} late settlements to be refused`, areRefused, withinMs);
  }
  // What it had in hand to be sent, it has sent by now.
  await world.hasRead();
  noteSleep(world, crash);
  await scene.afterwards?.(world, victim);
}

async function refusedEvents(world: World): Promise<number> {
  const sum = `SELECT coalesce(sum(json_extract(detail, '$.events')), 0) FROM outbox_log WHERE kind = 'fenced'`;
  return Number(await oneValue(world, sum));
}

/** Whether the process is in the state T: stopped by a signal. */
function isStopped(pid: number): boolean {
  if (existsSync('/proc/self/stat')) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  }
  return spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).stdout.startsWith('T');
}
