// The figures of a drain, made from what its runs measured. Pure.
import type { BareTimes } from './bare-relay.ts';
import type { Measure, Unit } from './measure.ts';
import type { ProcessUsage } from './process-usage.ts';

/** What the same work takes at least. */
export interface Limit {
  /** From the start of its process, with the relayer's own client, in halves. */
  readonly coldMs: number;
  /** The same with undici's Pool. */
  readonly coldPoolMs: number;
  /** With that, and in turns. */
  readonly coldTurnsMs: number;
  /** With that, in halves. */
  readonly warm: BareTimes;
  readonly gatewayUs: number;
  readonly bodyBytes: number;
}

/** One drain. */
export interface Drained {
  readonly tookMs: number;
  /** From the middle event's arrival to the last one's. */
  readonly secondHalfMs: number;
  /** Of all relayers together. */
  readonly usage: readonly ProcessUsage[];
  /** Null where there is no server or it cannot be seen. */
  readonly serverCpuMs: number | null;
}

/** A drain with the limit of the same run. */
export type Limited = { readonly limit: Limit; readonly drained: Drained };

const perSecond = (events: number, ms: number) => (events / ms) * 1_000;

function measuring<Run>(runs: readonly Run[], samplesPerRun: number) {
  return (name: string, label: string, unit: Unit, value: (run: Run) => number): Measure => ({
    ...{ name: `drain.${name}`, label, unit, samplesPerRun },
    values: runs.map(value),
  });
}

/** How fast. */
export function ratesOf(drains: readonly Drained[], pending: number): readonly Measure[] {
  const measure = measuring(drains, pending);
  return [
    measure('rate', 'from process start', 'events/s', ({ tookMs }) => perSecond(pending, tookMs)),
    measure('steady', 'second half', 'events/s', ({ secondHalfMs }) => perSecond(pending / 2, secondHalfMs)),
  ];
}

/** How fast, and how dear, against the limit. */
export function againstLimit(runs: readonly Limited[], pending: number): readonly Measure[] {
  const measure = measuring(runs, pending);
  const warmMs = ({ limit }: Limited) => limit.warm.sqliteMs + limit.warm.httpMs;
  /** How fast one of the limits is, and how much of it the relayer reaches. */
  const limitAndRatio = (
    suffix: string,
    [limit, ratio]: readonly [limit: string, ratio: string],
    coldMs: (limit: Limit) => number,
  ) => [
    measure(`limit${suffix}`, limit, 'events/s', (run) => perSecond(pending, coldMs(run.limit))),
    measure(`ratio${suffix}`, ratio, 'ratio', (run) => coldMs(run.limit) / run.drained.tookMs),
  ];
  return [
    ...limitAndRatio('', ['limit, from process start', 'of the limit'], ({ coldMs }) => coldMs),
    ...limitAndRatio(
      '-pool',
      ["limit with undici's Pool, in halves", 'of the limit with the Pool'],
      ({ coldPoolMs }) => coldPoolMs,
    ),
    ...limitAndRatio(
      '-turns',
      ['limit with the Pool, in turns', 'of the limit in turns'],
      ({ coldTurnsMs }) => coldTurnsMs,
    ),
    measure('limit-warm', 'limit with the Pool, warm', 'events/s', (run) => perSecond(pending, warmMs(run))),
    measure(
      'ratio-warm',
      'of the warm limit',
      'ratio',
      (run) => warmMs(run) / (2 * run.drained.secondHalfMs),
    ),
    measure('client', "undici's Pool alone, warm", 'events/s', ({ limit }) =>
      perSecond(pending, limit.warm.httpMs),
    ),
    measure(
      'sqlite',
      'claim and settle alone, per event',
      'us',
      ({ limit }) => (limit.warm.sqliteMs / pending) * 1_000,
    ),
    measure('gateway', "the gateway's own CPU per event", 'us', ({ limit }) => limit.gatewayUs),
    measure(
      'cpu-limit',
      'CPU per event of the warm limit',
      'us',
      ({ limit }) => (limit.warm.cpuMs / pending) * 1_000,
    ),
  ];
}

/** What it cost. */
export function costsOf(drains: readonly Drained[], pending: number): readonly Measure[] {
  const measure = measuring(drains, pending);
  const sum = (usage: readonly ProcessUsage[], of: (one: ProcessUsage) => number) =>
    usage.reduce((total, one) => total + of(one), 0);
  const isServerSeen = drains.every(({ serverCpuMs }) => serverCpuMs !== null);
  return [
    measure(
      'cpu',
      'CPU per event, start included',
      'us',
      ({ usage }) => (sum(usage, ({ cpuMs }) => cpuMs) / pending) * 1_000,
    ),
    ...(isServerSeen
      ? [
          measure(
            'cpu-server',
            "the server's CPU per event",
            'us',
            (run) => ((run.serverCpuMs ?? 0) / pending) * 1_000,
          ),
        ]
      : []),
    measure(
      'memory',
      'resident after the drain',
      'MB',
      ({ usage }) => sum(usage, ({ residentBytes }) => residentBytes) / 1e6,
    ),
    measure(
      'memory-peak',
      'most resident',
      'MB',
      ({ usage }) => sum(usage, ({ residentBytes, peakBytes }) => peakBytes ?? residentBytes) / 1e6,
    ),
  ];
}
