// What a soak watches: memory and descriptors of each relayer and of the ingester, and the size of the WAL, looked at again and
// again. The sandbox is not watched: it keeps everything on purpose.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { arenaFiles } from './evidence.ts';
import { monotonicMs, type Sample } from './record.ts';
import type { Stage } from './stage.ts';
import { pause } from './waiting.ts';

/** Enough for three medians; a look costs a millisecond. */
const samplesPerRun = 300;
const shortestGapMs = 100;

/** Looks until `isOver`. */
export async function takeSamples(stage: Stage, isOver: () => boolean): Promise<void> {
  const gapMs = Math.max(stage.settings.durationMs / samplesPerRun, shortestGapMs);
  while (!isOver()) {
    const watched = (await stage.vitals.all()).filter(({ target, isUp }) => target !== 'sandbox' && isUp);
    const walBytes = statSync(`${stage.arena.file(arenaFiles.database)}-wal`, {
      throwIfNoEntry: false,
    })?.size;
    const samples: Sample[] = [
      ...watched.flatMap(({ name, pid }) => ofProcess(`${name} (${pid})`, pid)),
      { what: 'WAL', unit: 'bytes', value: walBytes ?? 0 },
    ];
    stage.record.add({ kind: 'samples', atMs: monotonicMs(), samples });
    await pause(gapMs, stage.signal);
  }
}

/** Nothing when it has just ended, which others notice. */
function ofProcess(name: string, pid: number): readonly Sample[] {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return [
      { what: `memory of ${name}`, unit: 'bytes', value: Number(kilobytes) * 1_024 },
      { what: `descriptors of ${name}`, unit: 'count', value: readdirSync(`/proc/${pid}/fd`).length },
    ];
  } catch {
    return [];
  }
}
