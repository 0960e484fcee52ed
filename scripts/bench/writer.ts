// Fairness: how long the application's own transactions take, on the same file and in the same run, alone and with a relayer that
// drains a backlog at full speed meanwhile. Once as users are told to write, once as bare as it can be.
import type { Way } from './application.ts';
import { type Bench, eachRun } from './bench.ts';
import { type Measure, mustBe, percentilesOf } from './measure.ts';
import { inTime } from './patience.ts';
import { startRelayer } from './relayer-process.ts';
import { percentile } from './statistics.ts';
import { type Commit, startWriter } from './writer-link.ts';

/** 250 transactions a second, for 2 s. */
const commits = 500;
const everyMs = 4;
/** Commits before them, as fast as one a millisecond, in which V8 does most of its work on the application: it would be counted as alone. */
const warmUp: Readonly<Record<Way, number>> = { client: 3_000, statements: 500 };
/** Enough to outlast the writer: more than a relayer at the limit could do in its 2 s. */
const leastBacklog = 60_000;

const ways = [
  { way: 'client', name: 'writer.client', label: 'guarded client' },
  { way: 'statements', name: 'writer', label: 'bare statements' },
] as const;

interface Taken {
  readonly alone: readonly number[];
  readonly draining: readonly number[];
}

/** The part of a run of `bench`. */
export async function writer(bench: Bench): Promise<readonly Measure[]> {
  const runs = await eachRun(bench, 'writer', async () => {
    const client = await measure(bench, 'client');
    const statements = await measure(bench, 'statements');
    const text = `p99 alone and with the relayer draining ${p99s(client)} through the client, ${p99s(statements)} by bare statements`;
    return { result: { client, statements }, text };
  });
  return ways.flatMap(({ way, ...names }) =>
    measuresOf(
      names,
      runs.map((run) => run[way]),
    ),
  );
}

function p99s({ alone, draining }: Taken): string {
  return `${percentile(alone, 99).toFixed(1)}, ${percentile(draining, 99).toFixed(1)} ms`;
}

function measuresOf(
  { name, label }: { readonly name: string; readonly label: string },
  runs: readonly Taken[],
): readonly Measure[] {
  const ratio = (percent: number): Measure => ({
    name: `${name}.ratio.p${percent}`,
    label: `${label}, draining against alone, p${percent}`,
    unit: 'ratio',
    values: runs.map(({ alone, draining }) => percentile(draining, percent) / percentile(alone, percent)),
    samplesPerRun: commits,
  });
  return [
    ...percentilesOf(
      { name: `${name}.alone`, label: `${label}, alone` },
      runs.map(({ alone }) => alone),
      [50, 99],
    ),
    ...percentilesOf(
      { name: `${name}.draining`, label: `${label}, while draining` },
      runs.map(({ draining }) => draining),
      [50, 99],
    ),
    ratio(50),
    ratio(99),
  ];
}

async function measure(bench: Bench, way: Way): Promise<Taken> {
  const { settings, ground, gateway, stock, relayer, signal } = bench;
  const backlog = Math.max(settings.pending, leastBacklog);
  const database = await stock.take(backlog);
  const link = await startWriter({
    database,
    way,
    environment: ground.environment,
    logFile: ground.file('writer.log'),
  });
  const trickle = (count: number, pauseMs: number) =>
    inTime(link.trickle(count, pauseMs), { what: `${count} commits`, withinMs: 120_000, signal });
  try {
    await trickle(warmUp[way], 1);
    const alone = await trickle(commits, everyMs);
    await gateway.reset();
    const process = startRelayer(ground, { ...relayer, database });
    const accepted = (events: number, what: string) =>
      inTime(Promise.race([gateway.accepted(events), process.failed]), { what, withinMs: 120_000, signal });
    try {
      // Past the slow first moments of the relayer, which would be too kind to the writer.
      await accepted(Math.ceil(backlog / 10), 'a drain has begun');
      const draining = await trickle(commits, everyMs);
      const { accepted: delivered } = await gateway.counts();
      // The writer's own events come last, so that the backlog was still there if not all of it was delivered.
      mustBe('drains that outlasted the writer', delivered < backlog ? 1 : 0, 1);
      return { alone: tookMs(alone), draining: tookMs(draining) };
    } finally {
      await process.stop();
    }
  } finally {
    await link.end();
    await stock.drop(database);
  }
}

function tookMs(done: readonly Commit[]): readonly number[] {
  mustBe('transactions of the writer', done.length, commits);
  return done.map(({ beganMs, committedMs }) => committedMs - beganMs);
}
