// Throughput by slots: gateways that answer at once and that take their time, one and several relayers on one file, few and many slots
// each. Beside it what the slots allow: a slow gateway answers as many events per latency as there are slots.
import { type Bench, eachRun } from './bench.ts';
import { type Measure, mustBe } from './measure.ts';
import { inTime } from './patience.ts';
import { usageOf } from './process-usage.ts';
import { startRelayer } from './relayer-process.ts';

interface Cell {
  readonly latencyMs: number;
  readonly relayers: number;
  /** Of each relayer. */
  readonly concurrency: number;
}

const usualLatenciesMs = [0, 20, 200] as const;
const usualRelayers = [1, 2, 4] as const;
const usualSlots = [16, 64, 256] as const;

/** Long enough that the first and the last wave of requests do not decide: a second and a half, and ten waves. */
const leastMs = 1_500;
const leastWaves = 10;
const mostEvents = 15_000;

/** The part of a run of `bench`. A latency, relayers or slots that were asked for take the place of the usual ones. */
export async function slots(bench: Bench): Promise<readonly Measure[]> {
  const cells = cellsOf(bench.settings);
  const runs = await eachRun(
    bench,
    'slots',
    async () => {
      const result: Measured[] = [];
      for (const cell of cells) {
        result.push(await measureCell(bench, cell));
        bench.say(`slots: ${labelOf(cell)}: ${Math.round(result.at(-1)?.perSecond ?? 0)} events/s`);
      }
      return { result, text: `${cells.length} combinations` };
    },
    // A relayer in each combination warms up on the events of its first half.
    { warmsUpItself: true },
  );
  return cells.flatMap((cell, index) =>
    measuresOf(
      cell,
      runs.map((run) => run[index] ?? { perSecond: 0, cpuUs: 0 }),
    ),
  );
}

/** The combinations to be measured. */
export function cellsOf({
  gatewayLatencyMs,
  relayers,
  concurrency,
}: Pick<Bench['settings'], 'gatewayLatencyMs' | 'relayers' | 'concurrency'>): readonly Cell[] {
  const latencies = gatewayLatencyMs > 0 ? [gatewayLatencyMs] : usualLatenciesMs;
  return latencies.flatMap((latencyMs) =>
    (relayers > 1 ? [relayers] : usualRelayers).flatMap((count) =>
      (concurrency === null ? usualSlots : [concurrency]).map((each) => ({
        ...{ latencyMs, relayers: count, concurrency: each },
      })),
    ),
  );
}

/** How many events a combination drains. */
export function eventsOf({ latencyMs, relayers, concurrency }: Cell): number {
  if (latencyMs === 0) return mostEvents;
  const waves = Math.max(leastWaves, Math.ceil(leastMs / latencyMs));
  return Math.min(mostEvents, relayers * concurrency * waves);
}

interface Measured {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function measureCell(bench: Bench, cell: Cell): Promise<Measured> {
  const { ground, gateway, stock, relayer, signal } = bench;
  const { latencyMs, relayers, concurrency } = cell;
  const events = eventsOf(cell);
  const database = await stock.take(events);
  await gateway.reset();
  await gateway.answerAfter(latencyMs);
  const setup = { ...relayer, concurrency, database };
  const processes = Array.from({ length: relayers }, () => startRelayer(ground, setup));
  try {
    const wait = { what: `slots: ${labelOf(cell)}`, withinMs: 120_000, signal };
    await inTime(Promise.race([gateway.accepted(events), ...processes.map(({ failed }) => failed)]), wait);
    const cpuMs = processes.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);
    mustBe('events sent twice', (await gateway.counts()).duplicates, 0);
    const arrivedMs = (await gateway.arrivals()).map((arrival) => arrival.arrivedMs);
    return {
      perSecond: rateOf(arrivedMs, relayers * concurrency),
      cpuUs: (cpuMs / events) * 1_000,
    };
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await gateway.answerAfter(bench.settings.gatewayLatencyMs);
    await stock.drop(database);
  }
}

/**
 * Events per second of the later half. A slow gateway is asked in waves of as many as there are slots: only whole waves are counted,
 * or one more or less of ten would be seen.
 */
export function rateOf(arrivedMs: readonly number[], slots: number): number {
  const last = arrivedMs.length - 1;
  const counted = Math.max(1, Math.floor(arrivedMs.length / 2 / slots)) * slots;
  const tookMs = (arrivedMs[last] ?? Number.NaN) - (arrivedMs[last - counted] ?? Number.NaN);
  return (counted / tookMs) * 1_000;
}

function measuresOf(cell: Cell, runs: readonly Measured[]): readonly Measure[] {
  const { latencyMs, relayers, concurrency } = cell;
  const name = `slots.${latencyMs}ms.${relayers}x${concurrency}`;
  const [label, samplesPerRun] = [labelOf(cell), eventsOf(cell)];
  const allowed = (relayers * concurrency * 1_000) / latencyMs;
  const values = runs.map(({ perSecond }) => perSecond);
  const rate: Measure = { name: `${name}.rate`, label, unit: 'events/s', values, samplesPerRun };
  if (latencyMs === 0) return [rate];
  const ofAllowed = { name: `${name}.ratio`, label: `${label}: of what slots allow`, unit: 'ratio' } as const;
  return [rate, { ...ofAllowed, values: values.map((value) => value / allowed), samplesPerRun }];
}

function labelOf({ latencyMs, relayers, concurrency }: Cell): string {
  return `${latencyMs} ms, ${relayers} x ${concurrency}`;
}
