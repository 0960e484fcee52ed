// Cuts the power in a recorded run, again and again, and collects what each cut would have cost. The places and the fates
// come from a seed.
import path from 'node:path';
import { tempDirectory } from '../helpers.ts';
import { seededRandom } from '../seeded-random.ts';
import { Disk } from './disk.ts';
import { dropsAll, keepsAll, type NamedFate, randomFate } from './fates.ts';
import { checkImage } from './image-check.ts';
import type { Recording } from './recording.ts';
import type { Call } from './trace.ts';

export interface CutOptions {
  readonly images: number;
  readonly seed: number;
  readonly onProgress?: (done: number) => void;
}

export interface Verdict {
  readonly images: number;
  /** Images in which an acknowledged commit was missing, and how many commits in all. */
  readonly imagesWithLoss: number;
  readonly lostCommits: number;
  /** Most commits that one cut lost. */
  readonly mostLost: number;
  /** Acknowledged commits at the last cut. */
  readonly acknowledged: number;
  readonly syncs: number;
  /** Syncs of the database file itself, which is written by checkpoints only. */
  readonly checkpoints: number;
  /** Everything else that must not be: where, which fate, what. */
  readonly broken: readonly string[];
}

/** Cuts at sync boundaries and at random moments, and opens what is left. */
export async function cutPower(recording: Recording, options: CutOptions): Promise<Verdict> {
  const { images, seed, onProgress } = options;
  const random = seededRandom(seed);
  const steps = stepsOf(recording.calls);
  const plan = planCuts(steps, images, random);
  const folder = tempDirectory();
  const disk = new Disk();
  const acknowledged: string[] = [];
  const verdict = { images: 0, imagesWithLoss: 0, lostCommits: 0, mostLost: 0, broken: [] as string[] };
  for (const [index, step] of steps.entries()) {
    for (const fate of plan.get(index) ?? []) {
      const files = disk.afterPowerCut(fate);
      const image = { folder: path.join(folder, 'image'), files, acknowledged, accepted: recording.accepted };
      const { lost, broken } = await checkImage(image);
      verdict.images += 1;
      verdict.imagesWithLoss += lost.length > 0 ? 1 : 0;
      verdict.lostCommits += lost.length;
      verdict.mostLost = Math.max(verdict.mostLost, lost.length);
      verdict.broken.push(...broken.map((what) => `seed ${seed}, place ${step.at}, ${fate.name}: ${what}`));
      onProgress?.(verdict.images);
    }
    play(disk, step, acknowledged);
  }
  const synced = recording.calls.flatMap(({ does }) => (does.kind === 'sync' ? [does.file] : []));
  const checkpoints = synced.filter((file) => file === 'events.db').length;
  return { ...verdict, acknowledged: acknowledged.length, syncs: synced.length, checkpoints };
}

/** The end of the whole run without a power cut, as the model of the disk has it. */
export function replay(calls: readonly Call[]): ReadonlyMap<string, Buffer> {
  const disk = new Disk();
  for (const step of stepsOf(calls)) play(disk, step, []);
  return disk.afterPowerCut(keepsAll);
}

/** A call begins, or returns. */
interface Step {
  readonly at: number;
  readonly call: Call;
  readonly phase: 'begin' | 'end';
}

function stepsOf(calls: readonly Call[]): readonly Step[] {
  return calls
    .flatMap((call): Step[] => [
      { at: call.beganAt, call, phase: 'begin' },
      { at: call.endedAt, call, phase: 'end' },
    ])
    .sort((a, b) => a.at - b.at);
}

function play(disk: Disk, { call, phase }: Step, acknowledged: string[]): void {
  if (phase === 'end') disk.end(call);
  else if (call.does.kind === 'acknowledge') acknowledged.push(call.does.id);
  else disk.begin(call);
}

/**
 * Fates by the step before which the power fails. Two thirds fall on sync boundaries, spread over the run: just before
 * a sync returns, when most is at stake, and just after. The rest falls anywhere.
 */
function planCuts(
  steps: readonly Step[],
  images: number,
  random: () => number,
): ReadonlyMap<number, readonly NamedFate[]> {
  const plan = new Map<number, NamedFate[]>();
  const add = (step: number, fate: NamedFate) => plan.set(step, [...(plan.get(step) ?? []), fate]);
  const syncEnds = steps.flatMap(({ call, phase }, index) =>
    call.does.kind === 'sync' && phase === 'end' ? [index] : [],
  );
  const atSyncs = Math.floor((images * 2) / 3);
  for (let image = 0; image < atSyncs; image++) {
    const end = syncEnds[Math.floor((image / atSyncs) * syncEnds.length)] ?? 0;
    const isAfter = image % 4 === 3;
    add(end + (isAfter ? 1 : 0), fateNumber(image, random));
  }
  for (let image = atSyncs; image < images; image++) {
    add(Math.floor(random() * steps.length), fateNumber(image, random));
  }
  return plan;
}

function fateNumber(image: number, random: () => number): NamedFate {
  if (image % 8 === 0) return dropsAll;
  return image % 8 === 1 ? keepsAll : randomFate(random);
}
