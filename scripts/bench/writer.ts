// Fairness: how long the application's own transactions take, on the same file and in the same run, alone and with a relayer that
// drains a backlog at full speed meanwhile.
import { type Bench, eachRun } from './bench.ts';
import { type Measure, mustBe, percentilesOf } from './measure.ts';
import { inTime } from './patience.ts';
import { startRelayer } from './relayer-process.ts';
import { percentile } from './statistics.ts';
import { type Commit, startWriter } from './writer-link.ts';

/** 250 transactions a second, for 2 s. */
const commits = 500;
const everyMs = 4;
/** Enough to outlast the writer: more than a relayer at the limit could do in its 2 s. */
const leastBacklog = 60_000;

/** The part of a run of `bench`. */
export async function writer(bench: Bench): Promise<readonly Measure[]> {
  const runs = await eachRun(bench, 'writer', async () => {
    const result = await measure(bench);
    const [alone, draining] = [percentile(result.alone, 99), percentile(result.draining, 99)];
    return {
      result,
      text: `p99 ${alone.toFixed(1)} ms alone, ${draining.toFixed(1)} ms with the relayer draining`,
    };
  });
  const ratio = (percent: number): Measure => ({
    name: `writer.ratio.p${percent}`,
    label: `draining against alone, p${percent}`,
    unit: 'ratio',
    values: runs.map(({ alone, draining }) => percentile(draining, percent) / percentile(alone, percent)),
    samplesPerRun: commits,
  });
  return [
    ...percentilesOf(
      { name: 'writer.alone', label: 'transaction alone' },
      runs.map(({ alone }) => alone),
      [50, 99],
    ),
    ...percentilesOf(
      { name: 'writer.draining', label: 'transaction while draining' },
      runs.map(({ draining }) => draining),
      [50, 99],
    ),
    ratio(50),
    ratio(99),
  ];
}

async function measure({ settings, ground, gateway, stock, relayer, signal }: Bench) {
  const backlog = Math.max(settings.pending, leastBacklog);
  const database = await stock.take(backlog);
  const link = await startWriter({
    database,
    environment: ground.environment,
    logFile: ground.file('writer.log'),
  });
  try {
    const alone = await link.trickle(commits, everyMs);
    await gateway.reset();
    const process = startRelayer(ground, { ...relayer, database });
    const accepted = (events: number, what: string) =>
      inTime(Promise.race([gateway.accepted(events), process.failed]), { what, withinMs: 120_000, signal });
    try {
      // Past the slow first moments of the relayer, which would be too kind to the writer.
      await accepted(Math.ceil(backlog / 10), 'a drain has begun');
      const draining = await link.trickle(commits, everyMs);
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
