// Kills processes at random instants: one after the other until enough of them are dead and the time is up, and now and
// then in storms, so dense that nobody gets far.
import type { Random } from './random.ts';
import { monotonicMs, type Target } from './record.ts';
import { killNow, type Stage } from './stage.ts';
import type { Vital } from './vitals.ts';
import { pause } from './waiting.ts';

/** A relayer most often: it has something to lose, and without the others nobody has. */
const victims: readonly { readonly target: Target; readonly weight: number }[] = [
  { target: 'relayer', weight: 8 },
  { target: 'ingester', weight: 1 },
  { target: 'sandbox', weight: 1 },
];

/** So often a process that is still starting may be hit as well. In a storm it always may. */
const startingShare = 0.15;
const shortestMeanGapMs = 150;
const lookAgainMs = 20;
const stormGapMs = 200;

export interface KillPlan {
  readonly random: Random;
  readonly isOver: () => boolean;
}

/** Kills one after the other, evenly over the time of the run. Resolves when the plan is over. */
export async function makeKills(stage: Stage, { random, isOver }: KillPlan): Promise<void> {
  const { durationMs, kills } = stage.settings;
  const endMs = monotonicMs() + durationMs;
  while (!isOver()) {
    // What storms killed and what rests cost is made up for; at the end of the time one kill is still as good as asked for.
    const left = Math.max(kills - stage.record.of('kill').length, 1);
    const meanGapMs = Math.max((endMs - monotonicMs()) / left, shortestMeanGapMs);
    // Uniform from a tenth of the mean to nearly twice it.
    await pause(meanGapMs * (0.1 + 1.8 * random.next()), stage.signal);
    const mayBeStarting = random.next() < startingShare;
    const isDone = async () => !stage.isStormy && (await killOne(stage, random, mayBeStarting));
    while (!isOver() && !(await isDone())) await pause(lookAgainMs, stage.signal);
  }
}

/** Kills somebody every 200 ms, whether up or still starting. */
export async function playStorm(
  stage: Stage,
  { random, durationMs }: { readonly random: Random; readonly durationMs: number },
): Promise<void> {
  const fromMs = monotonicMs();
  const kills = stage.record.of('kill').length;
  stage.isStormy = true;
  for (let nextMs = fromMs; nextMs < fromMs + durationMs; nextMs += stormGapMs) {
    await pause(Math.max(0, nextMs - monotonicMs()), stage.signal);
    await killOne(stage, random, true);
  }
  stage.isStormy = false;
  const killed = stage.record.of('kill').length - kills;
  stage.record.add({ kind: 'storm', kills: killed, fromMs, toMs: monotonicMs() });
}

async function killOne(stage: Stage, random: Random, mayBeStarting: boolean): Promise<boolean> {
  const mayDie = ({ target, isUp }: Vital) => !stage.spared.has(target) && (isUp || mayBeStarting);
  const living = (await stage.vitals.all()).filter(mayDie);
  const eligible = victims.filter(({ target }) => living.some((vital) => vital.target === target));
  if (eligible.length === 0) return false;
  const { target } = random.pick(eligible);
  const candidates = living.filter((vital) => vital.target === target);
  const chosen = candidates[random.between(0, candidates.length - 1)];
  return chosen !== undefined && (await killNow(stage, chosen));
}
