// What keeping the outbox in order costs the events that are delivered meanwhile: their latency before, and while the relayer reads
// back a backlog of accepted events or deletes a backlog of old ones, at its own pace, by its own clock. Nothing is switched on.
import { gatewayName } from '../../apps/outbox/convoy-url.ts';
import { type Bench, eachRun } from './bench.ts';
import type { BulkKind } from './bulk-rows.ts';
import { project } from './ground.ts';
import { type Latencies, measureLatency } from './latency.ts';
import { type Measure, mustBe, percentilesOf } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { until } from './patience.ts';
import { percentile } from './statistics.ts';
import { deliveredBefore } from './stock.ts';
import { withRelayerOn } from './with-relayer.ts';

/** 20 s of it: done before a relayer reads back for the first time, 30 s after its start, or deletes, after a minute. */
const steady = { perSecond: 50, commits: 1_000 } as const;

interface Upkeep {
  readonly name: 'confirm' | 'prune';
  readonly label: string;
  /** More than can be done within the measured time. */
  readonly backlog: number;
  readonly rows: Omit<Extract<BulkKind, { kind: 'processed' }>, 'gateway'>;
  /** Which of the backlog count as left. */
  readonly left: 'any' | 'unconfirmed';
}

const minuteMs = 60_000;

/** The part of a run of `bench`. */
export const confirmDisturbance = (bench: Bench): Promise<readonly Measure[]> =>
  disturbance(bench, {
    name: 'confirm',
    label: 'reading back',
    backlog: 100_000,
    // Accepted half an hour ago within ten minutes: one window of Convoy's list.
    rows: { kind: 'processed', isConfirmed: false, fromMs: Date.now() - 30 * minuteMs, stepMs: 6 },
    left: 'unconfirmed',
  });

/** The part of a run of `bench`. */
export const pruneDisturbance = (bench: Bench): Promise<readonly Measure[]> =>
  disturbance(bench, {
    name: 'prune',
    label: 'deleting',
    backlog: 150_000,
    // Older than the seven days for which events are kept.
    rows: { kind: 'processed', isConfirmed: true, fromMs: Date.now() - 9 * 86_400_000, stepMs: 100 },
    left: 'any',
  });

interface Disturbed {
  readonly before: Latencies;
  readonly during: Latencies;
  /** Rows of the backlog that were done, per second. */
  readonly pace: number;
}

async function disturbance(bench: Bench, upkeep: Upkeep): Promise<readonly Measure[]> {
  const { name, label } = upkeep;
  const runs = await eachRun(
    bench,
    name,
    async () => {
      const result = await measureOnce(bench, upkeep);
      const [before, during] = [result.before, result.during].map(({ arrival }) =>
        percentile(arrival, 99).toFixed(1),
      );
      const text = `p99 ${before} ms before, ${during} ms while ${label} ${Math.round(result.pace)} events/s`;
      return { result, text };
    },
    { warmsUpItself: true },
  );
  const arrivals = (which: 'before' | 'during', text: string) =>
    percentilesOf(
      { name: `${name}.${which}`, label: text },
      runs.map((run) => run[which].arrival),
      [50, 99],
    );
  const ratio = (percent: number): Measure => ({
    name: `${name}.ratio.p${percent}`,
    label: `${label} against before, p${percent}`,
    unit: 'ratio',
    values: runs.map(
      ({ before, during }) => percentile(during.arrival, percent) / percentile(before.arrival, percent),
    ),
    samplesPerRun: steady.commits,
  });
  return [
    ...arrivals('before', 'arrival before'),
    ...arrivals('during', `arrival while ${label}`),
    ratio(50),
    ratio(99),
    {
      ...{ name: `${name}.pace`, label: `${label}, meanwhile`, unit: 'events/s', samplesPerRun: 1 },
      values: runs.map(({ pace }) => pace),
    },
  ];
}

async function measureOnce(bench: Bench, upkeep: Upkeep): Promise<Disturbed> {
  const { stock, gateway, signal } = bench;
  const { backlog, rows } = upkeep;
  const database = await stock.take(0);
  const ownGateway = gatewayName(gateway.baseUrl, project.id);
  await stock.bulk.add(database, { count: backlog, rows: { ...rows, gateway: ownGateway } }, signal);
  await stock.bulk.tidy(database);
  const firstSeq = deliveredBefore + 1;
  if (!rows.isConfirmed)
    await gateway.hasStored({ firstSeq, count: backlog, fromMs: rows.fromMs, stepMs: rows.stepMs });
  const leftUpTo = (lastSeq: number) => stock.bulk.leftOf(database, { firstSeq, lastSeq }, upkeep.left);
  const left = () => leftUpTo(deliveredBefore + backlog);
  const hasBegun = async () => (await leftUpTo(firstSeq)) === 0;
  try {
    return await withRelayerOn(database, bench, async (pair) => {
      const before = await measureLatency(bench, pair, steady);
      mustBe('events done before their time', backlog - (await left()), 0);
      const begun = { what: `${upkeep.label} has begun`, withinMs: 120_000, signal };
      await Promise.race([until(hasBegun, begun), pair.relayer.failed]);
      const [startMs, leftAtStart] = [monotonicMs(), await left()];
      const during = await measureLatency(bench, pair, steady);
      const [tookMs, leftAtEnd] = [monotonicMs() - startMs, await left()];
      mustBe(`times that ${upkeep.label} went on to the end`, leftAtEnd > 0 ? 1 : 0, 1);
      return { before, during, pace: ((leftAtStart - leftAtEnd) / tookMs) * 1_000 };
    });
  } finally {
    await gateway.hasStored(null);
    await stock.drop(database);
  }
}
