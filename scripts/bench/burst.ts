// A burst after idleness: 1,000 events in one transaction, from the return of its COMMIT to the first and to the last arrival.
import { type Bench, eachRun } from './bench.ts';
import { type Measure, mustBe } from './measure.ts';
import { pause } from './patience.ts';
import { withRelayer } from './with-relayer.ts';

const events = 1_000;
const idleMs = 1_000;

/** The part of a run of `bench`. */
export async function burst(bench: Bench): Promise<readonly Measure[]> {
  const runs = await withRelayer(bench, (pair) =>
    eachRun(bench, 'burst', async () => {
      await bench.gateway.reset();
      await pause(idleMs, bench.signal);
      const { committedMs } = await pair.writer.burst(events);
      await pair.accepted(events);
      const arrivals = (await bench.gateway.arrivals()).map(({ arrivedMs }) => arrivedMs - committedMs);
      mustBe('events of a burst', arrivals.length, events);
      const result = { firstMs: Math.min(...arrivals), lastMs: Math.max(...arrivals) };
      return { result, text: `${events} events within ${Math.round(result.lastMs)} ms` };
    }),
  );
  const measure = (name: 'firstMs' | 'lastMs', label: string): Measure => ({
    ...{ name: `burst.${name === 'firstMs' ? 'first' : 'last'}`, label, unit: 'ms', samplesPerRun: events },
    values: runs.map((run) => run[name]),
  });
  return [measure('firstMs', 'first of 1,000 arrives'), measure('lastMs', 'last of 1,000 arrives')];
}
