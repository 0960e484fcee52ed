// Deaths, and how they come on record: who died, when, and what it held.
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { estateOf, type Leases } from './estate.ts';
import { type Runner, whoIs } from './runner.ts';
import { lookAfterDeath } from './verdict.ts';
import type { World } from './world.ts';

export interface Death {
  /** What it was seen to hold before, by key. Others may have taken that over by the time that it is known to be dead. */
  readonly before: readonly string[];
  /** All leases there were when it was dead. */
  readonly leases: Leases;
  /** Epoch ms. */
  readonly atMs: number;
  /** The same instant, monotonic. */
  readonly fromMs: number;
}

/** Puts it on record. Returns when what it had sent has been read, since that may be accepted after its death. */
export async function noteDeath(world: World, victim: Runner, death: Death): Promise<void> {
  const { atMs, fromMs } = death;
  const { target } = victim;
  if (target === 'command') return;
  await world.hasRead();
  const estate =
    target === 'relayer' ? estateOf(victim, { ...death, others: world.relayers(), world }) : null;
  const kill = { ...whoIs(victim, target), wasUp: true, estate, atMs, fromMs, toMs: monotonicMs() };
  world.record.add({ kind: 'kill', ...kill });
}

/** Kills every relayer from outside. */
export async function killRelayers(world: World): Promise<void> {
  const killed = world.relayers();
  const [fromMs, atMs] = [monotonicMs(), Date.now()];
  for (const runner of killed) {
    runner.isToldToEnd = true;
    runner.node.child.kill('SIGKILL');
  }
  await Promise.all(killed.map(({ node }) => node.exited));
  const leases = lookAfterDeath(world);
  for (const runner of killed) await noteDeath(world, runner, { before: [], leases, atMs, fromMs });
}
