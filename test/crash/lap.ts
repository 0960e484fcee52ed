// One crash, or several in a row: somebody is killed or stopped at one passage of one point, the others go on or somebody
// starts again, and in the end everything must be as if nothing had happened.
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { noteDeath } from './death.ts';
import type { Order } from './order.ts';
import { atLeast, lookEveryMs, type Scene, untilStruck } from './scene.ts';
import { type SceneName, scenes } from './scenes.ts';
import { patienceMs } from './setting.ts';
import { type Crash, comeBack, goOn, noteBlocked, standStill } from './standstill.ts';
import { judge, lookAfterDeath } from './verdict.ts';
import type { World } from './world.ts';
import { allValues, holds, isDone } from './world-data.ts';

export interface Lap {
  readonly scene: SceneName;
  readonly signal: Order['signal'];
  /** Mostly one. Of several, each strikes when the one before is over: a successor, or the same process further on. */
  readonly passages: readonly Pick<Order, 'point' | 'nth'>[];
  /** Who was stopped is killed in the end, instead of woken. */
  readonly isKilledInTheEnd?: boolean;
  /** Who was stopped with the lock held stands there until every lease has run out. */
  readonly standsForLong?: boolean;
}

/** Throws unless nothing is lost, half done or left behind, and says at which crash. */
export async function playLap(world: World, lap: Lap): Promise<void> {
  const scene = scenes[lap.scene];
  const [first] = lap.passages;
  if (first === undefined) throw new Error('a lap without a crash');
  let passage = first;
  try {
    await scene.prepare(world, { ...first, signal: lap.signal });
    let stopped: Crash | null = null;
    for (passage of lap.passages) stopped = await crash(world, lap, { passage, stopped });
    if (stopped !== null && lap.isKilledInTheEnd === true) {
      stopped.victim.node.child.kill('SIGKILL');
      await outlive(world, scene, stopped);
      noteBlocked(world, stopped);
    } else if (stopped !== null) {
      await comeBack(world, scene, stopped);
    }
    await scene.mend?.(world);
    await atLeast(world, 1);
    await settle(world, scene);
    judge(world);
  } catch (cause) {
    const { point, nth } = passage;
    const fate = lap.signal === 'SIGKILL' ? 'killed' : 'stopped';
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${point}, ${fate} at passage ${nth} of "${lap.scene}": ${what}`, { cause });
  }
}

interface Moment {
  readonly passage: Pick<Order, 'point' | 'nth'>;
  /** Who stands still at the passage before, and now goes on to this one. */
  readonly stopped: Crash | null;
}

/** Makes it happen and looks at what it left. Returns who stands still. */
async function crash(world: World, lap: Lap, { passage, stopped }: Moment): Promise<Crash | null> {
  const scene = scenes[lap.scene];
  const order = { ...passage, signal: lap.signal };
  world.orders.give(order);
  if (stopped === null) await provoke(world, scene, order);
  else goOn(world, stopped);
  await untilStruck(world);
  const struck = world.orders.struck();
  world.orders.forget();
  const victim = world.runners.find(({ node }) => node.pid === struck?.pid);
  if (struck === null || victim === undefined) throw new Error('somebody was struck, and nobody knows whom');
  const happened: Crash = { victim, struck, held: [], leases: 0, blocked: [] };
  if (order.signal === 'SIGSTOP') return standStill(world, happened, lap.standsForLong);
  await outlive(world, scene, happened);
  return null;
}

/** Longer than any scene takes to come by, also where twelve rounds of a second take five each. */
const provokeLimitMs = 4 * patienceMs;

async function provoke(world: World, scene: Scene, { point, nth }: Order): Promise<void> {
  const endsAtMs = monotonicMs() + provokeLimitMs;
  while (world.orders.struck() === null) {
    if (monotonicMs() > endsAtMs) throw new Error(`${point} was not passed ${nth} times`);
    await scene.provoke(world);
  }
}

/** The process is dead: nothing is half there, whatever it left. */
async function outlive(world: World, scene: Scene, { victim, struck, held }: Crash): Promise<void> {
  const code = await victim.node.exited;
  if (code !== 'SIGKILL') throw new Error(`it was to die by SIGKILL and ended with ${code}`);
  victim.isToldToEnd = true;
  scene.atOnce?.(world, struck);
  const leases = lookAfterDeath(world);
  const { atMs, monotonicMs: fromMs } = struck;
  await noteDeath(world, victim, { before: held, leases, atMs, fromMs });
}

const settleLimitMs = 2 * patienceMs;

async function settle(world: World, scene: Scene): Promise<void> {
  const endsAtMs = monotonicMs() + settleLimitMs;
  while (monotonicMs() < endsAtMs) {
    await scene.passTime?.(world);
    const lookUntilMs = monotonicMs() + 500;
    while (monotonicMs() < lookUntilMs) {
      if (await holds(world, isDone(world))) return;
      await pause(lookEveryMs);
    }
  }
  const left = `SELECT count(*) || ' ' || concat_ws(' ', status, wait_reason, last_error)
                  FROM events GROUP BY status, wait_reason, last_error`;
  throw new Error(`not settled: ${(await allValues(world, left)).join('; ')}`);
}
