// What a scene is, and what scenes have in common. A scene makes processes pass crash points; it strikes and judges nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { waitFor } from '../helpers.ts';
import type { Order, Struck } from './order.ts';
import type { Runner } from './runner.ts';
import { patienceMs, type Setting } from './setting.ts';
import type { World } from './world.ts';
import { addInvoices, holds, oneValue } from './world-data.ts';

export interface Scene {
  readonly setting: Setting;
  /** Every day its points are struck one after the other in one lap, since what has to come before each takes long. */
  readonly isInARow?: boolean;
  /** While the victim stands still, nobody else does what it was about to do: the row goes on when it is woken. */
  readonly isItsOwn?: boolean;
  /** Before the order is given; the first, if there are several. */
  prepare(world: World, order: Order): Promise<unknown>;
  /** Right after a death, before anybody has done anything. */
  atOnce?(world: World, struck: Struck): void;
  /** Goes on until what it began is done or somebody is struck; called again until somebody is. */
  provoke(world: World): Promise<unknown>;
  /** One that was stopped has been woken: it comes through, and ends if it should. Default: it just goes on. */
  afterwards?(world: World, woken: Runner): Promise<unknown>;
  /** After the crash, and before anything is started again. */
  mend?(world: World): Promise<unknown>;
  /** When its last lap in a world is over. */
  finish?(world: World): Promise<unknown>;
  /** Brings about what only a long time would, as often as it is called. */
  passTime?(world: World): Promise<unknown>;
}

/** Without the two services that scenes of their own are about. */
export const justDelivering: Setting = {
  flags: ['--owner-guard', 'no', '--confirm-window', '0', '--retention', '0'],
};

/** One relayer to be killed; or two, one of which is stopped while the other goes on. */
export function relayersFor(world: World, { signal }: Order): Promise<void> {
  return world.haveRelayers(signal === 'SIGKILL' ? 1 : 2);
}

/** A look opens and closes the database, which costs about a millisecond. */
export const lookEveryMs = 20;

/** What is done again and again while a scene waits, is done so often. */
export const againEveryMs = 500;

/** Waits until a condition in SQL holds, or somebody is struck. Until then does something at once, and again and again. */
export function untilStruckOr(
  world: World,
  condition: string,
  meanwhile?: (world: World) => Promise<unknown>,
): Promise<unknown> {
  let nextMs = 0;
  return waitFor(
    `a strike, or ${condition}`,
    async () => {
      if (world.orders.struck() !== null || (await holds(world, condition))) return true;
      if (monotonicMs() >= nextMs) {
        await meanwhile?.(world);
        nextMs = monotonicMs() + againEveryMs;
      }
      await pause(lookEveryMs);
      return false;
    },
    patienceMs,
  );
}

export function untilStruck(world: World): Promise<unknown> {
  return waitFor('somebody to be struck', () => world.orders.struck() !== null, patienceMs);
}

const leased = 'SELECT count(*) FROM events WHERE lease_id IS NOT NULL';
const everythingIsClaimed = `NOT EXISTS (SELECT 1 FROM events WHERE status = 'pending' AND lease_id IS NULL)`;
/** Answers that are late, and no reason to give up on them. */
const slowMs = 400;

/** Makes so many events be in flight for a while: accepted, and not yet answered. */
export async function leaseEvents(world: World, count: number): Promise<void> {
  world.sandbox.faults.add({ kind: 'slow', delayMs: slowMs });
  await waitFor(
    `${count} events in flight`,
    async () => {
      const inFlight = Number(await oneValue(world, leased));
      // One relayer may have settled its own by the time that another, on a busy machine, has got to its own.
      if (inFlight < count && (await holds(world, everythingIsClaimed)))
        await addInvoices(world, count - inFlight);
      return inFlight >= count;
    },
    patienceMs,
  );
}

/** At least so many relayers run. */
export function atLeast(world: World, count: number): Promise<void> {
  return world.haveRelayers(Math.max(count, world.relayers().length));
}

/** A woken relayer that was starting comes up. */
export function comesUp(world: World, woken: Runner): Promise<void> {
  return world.said(woken, 'relayer started');
}

/** A process that ends by itself does so. Throws unless with 0. */
export async function ends(runner: Runner): Promise<void> {
  runner.isToldToEnd = true;
  const { node, target } = runner;
  const code = await node.exited;
  if (code !== 0) throw new Error(`the ${target} ended with ${code}: ${node.stderr}`);
}
