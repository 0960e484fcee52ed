// How long Node itself takes to start: what no program of ours can be faster than.
import type { Bench } from './bench.ts';
import { ChildLink } from './child-link.ts';
import { monotonicMs } from './monotonic.ts';
import { inTime } from './patience.ts';

/** From the start of its process to the arrival of the first thing it says, ms. */
export async function bareNodeMs({ ground, signal }: Bench): Promise<number> {
  const link = new ChildLink({
    script: 'scripts/bench/bare-start.js',
    environment: ground.environment,
    logFile: ground.file('bare.log'),
  });
  try {
    await inTime(link.ready(), { what: 'Node starts', withinMs: 10_000, signal });
    return monotonicMs() - link.spawnedMs;
  } finally {
    await link.end();
  }
}
