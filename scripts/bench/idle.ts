// What a relayer costs that has nothing to do: CPU of its process over 12 s in which nobody commits, and its memory.
import type { Bench } from './bench.ts';
import type { Measure } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { pause } from './patience.ts';
import { usageOf } from './process-usage.ts';
import { withRelayer } from './with-relayer.ts';

/**
 * By then everything is loaded that loads late, the relayer has read back for the first time (30 s after its start; the next is a minute
 * later), and V8 has tidied its heap after both (50 to 100 ms of CPU each, 8 to 15 s after the last work).
 */
const restMs = 50_000;
const watchedMs = 12_000;

/** The part of a run of `bench`. */
export async function idle(bench: Bench): Promise<readonly Measure[]> {
  bench.say(`idle: watching for ${watchedMs / 1_000} s`);
  const { percent, megabytes } = await withRelayer(bench, async ({ relayer }) => {
    await pause(restMs, bench.signal);
    const before = usageOf(relayer.pid);
    const startMs = monotonicMs();
    await Promise.race([pause(watchedMs, bench.signal), relayer.failed]);
    const after = usageOf(relayer.pid);
    return {
      percent: ((after.cpuMs - before.cpuMs) / (monotonicMs() - startMs)) * 100,
      megabytes: after.residentBytes / 1e6,
    };
  });
  return [
    { name: 'idle.cpu', label: 'CPU of one core', unit: '%', values: [percent], samplesPerRun: 1 },
    { name: 'idle.memory', label: 'resident', unit: 'MB', values: [megabytes], samplesPerRun: 1 },
  ];
}
