// The drain: so many committed events waiting, from the start of the relayer's process to the last one settled. Beside it, in the
// same run, the limit (bare-relay.ts): cold, from the start of its process too, and warm.

import type { BareTimes } from './bare-relay.ts';
import { type Bench, defaultSlots, eachRun } from './bench.ts';
import { ChildLink } from './child-link.ts';
import { type Measure, mustBe, type Unit } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { inTime, until } from './patience.ts';
import { type ProcessUsage, usageOf } from './process-usage.ts';
import { startRelayer } from './relayer-process.ts';
import { deliveredBefore, pendingIn, processedIn } from './stock.ts';
import type { Counts } from './tally.ts';

interface Limit {
  /** From the start of its process. */
  readonly coldMs: number;
  readonly warm: BareTimes;
  readonly gatewayUs: number;
  readonly bodyBytes: number;
}

interface Drained {
  readonly tookMs: number;
  /** From the middle event's arrival to the last one's. */
  readonly secondHalfMs: number;
  /** Of all relayers together. */
  readonly usage: readonly ProcessUsage[];
}

/** The part of a run of `bench`. */
export async function drain(bench: Bench): Promise<readonly Measure[]> {
  const { pending } = bench.settings;
  const runs = await eachRun(bench, 'drain', async () => {
    const limit = await measureLimit(bench);
    const drained = await measureDrain(bench, limit);
    const rate = Math.round((pending / drained.tookMs) * 1_000);
    const bare = Math.round((pending / limit.coldMs) * 1_000);
    return { result: { limit, drained }, text: `${rate} events/s, limit ${bare}` };
  });
  const measure = (
    name: string,
    label: string,
    unit: Unit,
    value: (run: (typeof runs)[number]) => number,
  ) => ({
    ...{ name: `drain.${name}`, label, unit, samplesPerRun: pending },
    values: runs.map(value),
  });
  const perSecond = (ms: number) => (pending / ms) * 1_000;
  const warmMs = ({ limit }: (typeof runs)[number]) => limit.warm.sqliteMs + limit.warm.httpMs;
  const sum = (usage: readonly ProcessUsage[], of: (one: ProcessUsage) => number) =>
    usage.reduce((total, one) => total + of(one), 0);
  return [
    measure('rate', 'from process start', 'events/s', (run) => perSecond(run.drained.tookMs)),
    measure('limit', 'limit, from process start', 'events/s', (run) => perSecond(run.limit.coldMs)),
    measure('ratio', 'of the limit', 'ratio', (run) => run.limit.coldMs / run.drained.tookMs),
    measure('steady', 'second half', 'events/s', (run) => perSecond(2 * run.drained.secondHalfMs)),
    measure('limit-warm', 'limit, warm', 'events/s', (run) => perSecond(warmMs(run))),
    measure(
      'ratio-warm',
      'of the warm limit',
      'ratio',
      (run) => warmMs(run) / (2 * run.drained.secondHalfMs),
    ),
    measure('client', "undici's Pool alone, warm", 'events/s', (run) => perSecond(run.limit.warm.httpMs)),
    measure(
      'sqlite',
      'claim and settle alone, per event',
      'us',
      ({ limit }) => (limit.warm.sqliteMs / pending) * 1_000,
    ),
    measure('gateway', "the gateway's own CPU per event", 'us', ({ limit }) => limit.gatewayUs),
    measure(
      'cpu',
      'CPU per event, start included',
      'us',
      ({ drained }) => (sum(drained.usage, ({ cpuMs }) => cpuMs) / pending) * 1_000,
    ),
    measure(
      'cpu-limit',
      'CPU per event of the warm limit',
      'us',
      ({ limit }) => (limit.warm.cpuMs / pending) * 1_000,
    ),
    measure(
      'memory',
      'resident after the drain',
      'MB',
      ({ drained }) => sum(drained.usage, ({ residentBytes }) => residentBytes) / 1e6,
    ),
    measure(
      'memory-peak',
      'most resident',
      'MB',
      ({ drained }) => sum(drained.usage, ({ residentBytes, peakBytes }) => peakBytes ?? residentBytes) / 1e6,
    ),
  ];
}

async function measureLimit(bench: Bench): Promise<Limit> {
  const { settings, ground, gateway, stock, signal } = bench;
  const { pending, concurrency } = settings;
  const [cold, warm] = [await stock.take(pending), await stock.take(pending)];
  const limit = { what: 'the limit is measured', withinMs: limitMs(bench), signal };
  await gateway.reset();
  const link = new ChildLink({
    script: 'scripts/bench/bare-main.js',
    args: [cold, gateway.baseUrl, String(concurrency ?? defaultSlots)],
    environment: ground.environment,
    logFile: ground.file('bare.log'),
  });
  try {
    const first = await inTime(link.ready<BareTimes>(), limit);
    mustBe('events of the cold limit', first.events, pending);
    mustBeAll(await gateway.counts(), pending);
    await gateway.reset();
    const second = await inTime(
      link.ask<BareTimes>({ kind: 'relay', database: warm } as { kind: string }),
      limit,
    );
    mustBe('events of the warm limit', second.events, pending);
    const counts = await gateway.counts();
    mustBeAll(counts, pending);
    return {
      coldMs: first.endedMs - link.spawnedMs,
      warm: second,
      gatewayUs: (counts.cpuMs / pending) * 1_000,
      bodyBytes: counts.bodyBytes,
    };
  } finally {
    await link.end();
    for (const file of [cold, warm]) stock.drop(file);
  }
}

async function measureDrain(bench: Bench, limit: Limit): Promise<Drained> {
  const { settings, ground, gateway, stock, relayer, signal } = bench;
  const { pending, relayers } = settings;
  const database = await stock.take(pending);
  const left = pendingIn(database);
  await gateway.reset();
  const processes = Array.from({ length: relayers }, () => startRelayer(ground, { ...relayer, database }));
  const wait = { what: 'everything is delivered and settled', withinMs: limitMs(bench), signal };
  const drained = async () => {
    await inTime(Promise.race([gateway.accepted(pending), ...processes.map(({ failed }) => failed)]), wait);
    await until(() => left() === 0, wait);
    const settledMs = monotonicMs();
    const usage = processes.map(({ pid }) => usageOf(pid));
    const counts = await gateway.counts();
    mustBeAll(counts, pending);
    // The same bytes, or the two did not do the same work.
    mustBe('bytes sent', counts.bodyBytes, limit.bodyBytes);
    return {
      tookMs: settledMs - Math.min(...processes.map(({ spawnedMs }) => spawnedMs)),
      secondHalfMs: counts.lastMs - counts.middleMs,
      usage,
    };
  };
  const result = await drained().finally(() => Promise.all(processes.map((process) => process.stop())));
  mustBe('events processed', processedIn(database), pending + deliveredBefore);
  stock.drop(database);
  return result;
}

function mustBeAll({ accepted, duplicates }: Counts, pending: number): void {
  mustBe('events at the gateway', accepted, pending);
  mustBe('events sent twice', duplicates, 0);
}

/** A minute, and time for 100 events a second. */
function limitMs({ settings }: Bench): number {
  return 60_000 + settings.pending * 10;
}
