// Kills processes at random instants, one after the other, until enough of them are dead and the time is up.
import type { Random } from './random.ts';
import type { Target } from './record.ts';
import { killNow, type Stage } from './stage.ts';
import { pause } from './waiting.ts';

/** The relayer most often: it is the one with something to lose. */
const victims: readonly { readonly target: Target; readonly weight: number }[] = [
  { target: 'relayer', weight: 5 },
  { target: 'second relayer', weight: 2 },
  { target: 'ingester', weight: 2 },
  { target: 'sandbox', weight: 2 },
];

/** So often a process that is still starting may be hit as well. */
const startingShare = 0.15;
/** Kills come somewhat faster than asked for, since now and then nobody is up to be killed. */
const haste = 0.75;
const lookAgainMs = 20;

export interface KillPlan {
  /** Between two kills on average. */
  readonly meanGapMs: number;
  readonly random: Random;
  readonly isOver: () => boolean;
}

/** Resolves when the plan is over. */
export async function makeKills(stage: Stage, { meanGapMs, random, isOver }: KillPlan): Promise<void> {
  while (!isOver()) {
    // Uniform from a tenth of the mean to nearly twice it.
    await pause(meanGapMs * haste * (0.1 + 1.8 * random.next()), stage.signal);
    const mayBeStarting = random.next() < startingShare;
    while (!isOver() && !killOne(stage, random, mayBeStarting)) await pause(lookAgainMs, stage.signal);
  }
}

function killOne(stage: Stage, random: Random, mayBeStarting: boolean): boolean {
  const eligible = victims.filter(({ target }) => {
    if (stage.spared.has(target)) return false;
    const vital = stage.vitals.of(target);
    return vital !== null && (vital.isUp || mayBeStarting);
  });
  return eligible.length > 0 && killNow(stage, random.pick(eligible).target);
}
