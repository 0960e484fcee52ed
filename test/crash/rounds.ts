// Which laps a run consists of, and how they are played: several worlds at a time, in each one lap after the other.
import type { CrashPoint } from '../../apps/outbox/crash-point.ts';
import { type CrashRow, crashTable, type Passage } from './crash-table.ts';
import { type Lap, playLap } from './lap.ts';
import { type SceneName, scenes } from './scenes.ts';
import { judgeWebhooks } from './verdict.ts';
import { createWorld, type World } from './world.ts';

const signals = ['SIGKILL', 'SIGSTOP'] as const;
const lastPassage = 12;

type Row = readonly [CrashPoint, CrashRow];

function rowsOf(part: string): readonly Row[] {
  return (Object.entries(crashTable) as readonly Row[]).filter(([point]) => point.includes(part));
}

/** Every point whose name contains `part`, once with each signal. */
export function lapsOfEveryDay(part = ''): readonly Lap[] {
  const passages = rowsOf(part).map(([point, row]) => ({ point, nth: 1, row }));
  const sceneNames = new Set(passages.map(({ row }) => row.passages[0].scene));
  return [...sceneNames].flatMap((scene) => {
    const own = passages.filter(({ row }) => row.passages[0].scene === scene);
    const { isInARow = false, isItsOwn = false } = scenes[scene];
    return [
      ...inRows(own, () => isInARow).map((row): Lap => ({ scene, signal: 'SIGKILL', passages: row })),
      // While one stands still where the lock is free, others may do what it would have done: that ends a row.
      ...inRows(own, ({ row: { lock } }) => isInARow && (isItsOwn || lock === 'held')).map(
        (row): Lap => ({ scene, signal: 'SIGSTOP', passages: row }),
      ),
    ];
  });
}

/** Cuts a list after each item that does not go on. */
function inRows<Item>(items: readonly Item[], goesOn: (item: Item) => boolean): readonly Item[][] {
  const rows: Item[][] = [[]];
  for (const [index, item] of items.entries()) {
    rows.at(-1)?.push(item);
    if (!goesOn(item) && index < items.length - 1) rows.push([]);
  }
  return rows;
}

/**
 * Every point whose name contains `part`, at every passage up to its last, in every scene, with each signal; and who is stopped
 * with the lock held is killed there, too, and once stands there for so long that nobody's lease lasts.
 */
export function allLaps(part = ''): readonly Lap[] {
  return rowsOf(part).flatMap(([point, { passages, lock }]) =>
    passages.flatMap((passage) => lapsOf(point, passage, lock === 'held')),
  );
}

function lapsOf(point: CrashPoint, { scene, most = lastPassage }: Passage, isLocked: boolean): Lap[] {
  return Array.from({ length: most }, (_, before) => [{ point, nth: before + 1 }]).flatMap((passages) => [
    ...signals.map((signal) => ({ scene, signal, passages })),
    ...(isLocked ? [{ scene, signal: 'SIGSTOP', passages, isKilledInTheEnd: true } as const] : []),
    ...(isLocked && passages[0]?.nth === 1
      ? [{ scene, signal: 'SIGSTOP', passages, standsForLong: true } as const]
      : []),
  ]);
}

/** Worlds at a time. Much of a lap is waiting: for a process to start, for a lease to run out. */
const lanes = 4;
/** Most laps in one world, so that none grows old. */
const lapsInWorld = 12;
/** After so many it is clear that something is broken. */
const mostProblems = 6;

/** Plays all, and returns what went wrong, in words. */
export async function playAll(
  root: string,
  laps: readonly Lap[],
  onProgress: (played: number) => void = () => {},
): Promise<readonly string[]> {
  const problems: string[] = [];
  const waiting = series(laps);
  let played = 0;
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (problems.length >= mostProblems) return;
      problems.push(...(await playInOneWorld(root, next)));
      played += next.length;
      onProgress(played);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return problems;
}

/** A world in which something went wrong is given up, with the laps that are left. */
async function playInOneWorld(root: string, laps: readonly Lap[]): Promise<readonly string[]> {
  let world: World | null = null;
  try {
    for (const [index, lap] of laps.entries()) {
      const { setting, finish } = scenes[lap.scene];
      world ??= await createWorld(root, { setting, signal: lap.signal });
      await playLap(world, lap);
      if (laps[index + 1]?.scene !== lap.scene) await finish?.(world);
    }
    if (world === null) return [];
    await judgeWebhooks(world);
    await world.end();
    return [];
  } catch (error) {
    await world?.abandon();
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Laps that share a world have its setting and the signal in common. The longest come first: none is left alone in the end. */
function series(laps: readonly Lap[]): (readonly Lap[])[] {
  const settings = new Set(laps.map(({ scene }) => scenes[scene].setting));
  const groups = [...settings].flatMap((setting) =>
    signals.map((signal) =>
      laps.filter((lap) => lap.signal === signal && scenes[lap.scene].setting === setting),
    ),
  );
  return groups
    .flatMap((own) => inWorlds(own.toSorted((a, b) => order.indexOf(a.scene) - order.indexOf(b.scene))))
    .toSorted((a, b) => b.length - a.length);
}

/** Worlds of about the same size. A new file can be new only once. */
function inWorlds(laps: readonly Lap[]): (readonly Lap[])[] {
  const [first] = laps;
  const isNew = first !== undefined && scenes[first.scene].setting.isFileNew === true;
  const worlds = isNew ? laps.length : Math.ceil(laps.length / lapsInWorld);
  return Array.from({ length: worlds }, (_, nth) =>
    laps.slice(Math.round((nth * laps.length) / worlds), Math.round(((nth + 1) * laps.length) / worlds)),
  );
}

const order = Object.keys(scenes) as readonly SceneName[];
