// How long a committed event takes: from the return of COMMIT in the application's process to its arrival at the gateway, to the
// gateway's answer, and to its mark in the database, with 20 and with 500 commits a second, and in the first seconds of a relayer.
import { type Bench, eachRun } from './bench.ts';
import { type Measure, mustBe, percentilesOf } from './measure.ts';
import { pause, until } from './patience.ts';
import { median } from './statistics.ts';
import type { Arrival } from './tally.ts';
import { type Pair, withRelayer } from './with-relayer.ts';
import type { Commit } from './writer-link.ts';

/**
 * The first seconds stand apart: what can wait until the first batch is out (got, the page's server) is loaded in them, for once, and an
 * event that is committed meanwhile waits for the loop.
 */
const phases = [
  { name: 'start', label: 'a new relayer, 20/s', perSecond: 20, commits: 60, told: ['arrival'] },
  { name: '20', label: '20/s', perSecond: 20, commits: 100, told: ['arrival', 'acceptance', 'processed'] },
  {
    name: '500',
    label: '500/s',
    perSecond: 500,
    commits: 1_000,
    told: ['arrival', 'acceptance', 'processed'],
  },
] as const;

/** Of each event, ms after the return of COMMIT. */
export interface Latencies {
  readonly arrival: readonly number[];
  readonly acceptance: readonly number[];
  /** To the millisecond only: the database keeps no finer time. */
  readonly processed: readonly number[];
}

/** The part of a run of `bench`. */
export async function latency(bench: Bench): Promise<readonly Measure[]> {
  const once = async () => {
    const result = await withRelayer(bench, async (pair) => {
      const each: Latencies[] = [];
      for (const phase of phases) each.push(await measureLatency(bench, pair, phase));
      return each;
    });
    const shown = result.slice(1).map(({ arrival }) => `${median(arrival).toFixed(1)} ms`);
    return { result, text: `commit to arrival, p50: ${shown.join(' and ')}` };
  };
  const runs = await eachRun(bench, 'latency', once, { warmsUpItself: true });
  return phases.flatMap(({ name, label, told }, index) =>
    told.flatMap((what) =>
      percentilesOf(
        { name: `latency.${what}.${name}`, label: `${what}, ${label}` },
        runs.map((run) => run[index]?.[what] ?? []),
      ),
    ),
  );
}

/** The latencies of so many commits at a rate, while the relayer has nothing else to deliver. */
export async function measureLatency(
  { gateway, stock, signal }: Bench,
  { database, writer, accepted }: Pair,
  { perSecond, commits: count }: { readonly perSecond: number; readonly commits: number },
): Promise<Latencies> {
  await gateway.reset();
  // The relayer comes to rest, as it would between two events.
  await pause(200, signal);
  const commits = await writer.trickle(count, 1_000 / perSecond);
  await accepted(count);
  const arrivals = await gateway.arrivals();
  const left = stock.pendingIn(database);
  await until(async () => !(await left()), {
    what: 'everything accepted is marked',
    withinMs: 60_000,
    signal,
  });
  return latenciesOf(commits, arrivals, await stock.processedTimes(database, count));
}

/** Joins what the three saw. Throws unless every committed event arrived and was marked. */
export function latenciesOf(
  commits: readonly Commit[],
  arrivals: readonly Arrival[],
  processedAtMs: ReadonlyMap<string, number>,
): Latencies {
  const arrivalOf = new Map(arrivals.map((arrival) => [arrival.key, arrival]));
  const seen = commits.flatMap(({ keys: [key = ''], committedMs, committedAtMs }) => {
    const arrival = arrivalOf.get(key);
    const processedMs = processedAtMs.get(key);
    return arrival === undefined || processedMs === undefined
      ? []
      : [{ arrival, committedMs, tookMs: processedMs - committedAtMs }];
  });
  mustBe('events that were committed, arrived and were marked', seen.length, commits.length);
  return {
    // An event may arrive before the writer is back from COMMIT: the commit is visible when the sync is done.
    arrival: seen.map(({ arrival, committedMs }) => arrival.arrivedMs - committedMs),
    acceptance: seen.map(({ arrival, committedMs }) => arrival.answeredMs - committedMs),
    processed: seen.map(({ tookMs }) => tookMs),
  };
}
