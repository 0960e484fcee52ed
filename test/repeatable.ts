// How many random cases run, and from which seed: a small fixed set in `npm test`, many fresh ones in `npm run
// test:deep`, and exactly one again when a failure is to be repeated. The one place where tests read such variables.
import { progressText } from '../scripts/outbox/long-work.ts';

/** Long runs were asked for (`OUTBOX_DEEP=1`). */
export const isDeep = process.env.OUTBOX_DEEP === '1';

/** The fixed seed of short runs: the same cases on every machine, every time. */
const everydaySeed = 20_260_101;

/** `OUTBOX_SEED`, else a fixed seed, else (deep) one that nobody has tried yet. */
export const seed: number = whole('OUTBOX_SEED') ?? (isDeep ? Date.now() & 0x3fff_ffff : everydaySeed);

/** `OUTBOX_RUNS`, else the number of cases for this kind of run. */
export function runs(count: { readonly everyday: number; readonly deep: number }): number {
  return whole('OUTBOX_RUNS') ?? (isDeep ? count.deep : count.everyday);
}

/** `OUTBOX_CRASH_POINT`: a part of a crash point's name, to try only those; empty for all. */
export const onlyCrashPoint: string = process.env.OUTBOX_CRASH_POINT ?? '';

/** How long a test may take: long runs tell their progress and end when they are through. */
export const patienceMs = isDeep ? 3_600_000 : 60_000;

/** Says on standard error how far a long run is. Short runs say nothing. */
export function tellProgress(text: string): void {
  if (isDeep) process.stderr.write(`${text}\n`);
}

const tellEveryMs = 5_000;

/**
 * The same for work that is counted, every few seconds and with the time left; the time starts here. `unit` is what is counted, such
 * as `images`.
 */
export function progressOf(unit: string, total: number): (done: number) => void {
  const startMs = performance.now();
  let toldAtMs = startMs;
  return (done) => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < tellEveryMs) return;
    toldAtMs = nowMs;
    tellProgress(progressText({ unit, done, total, elapsedMs: nowMs - startMs }));
  };
}

/** A whole number from the environment, or undefined when it is not set. */
function whole(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw new Error(`${name} must be a whole number, not "${text}"`);
  return Number(text);
}
