// The figures of `flat`: what was seen at each point, and against the smallest point of the same run. Pure.
import type { FlatPoint } from './flat-points.ts';
import { type Measure, percentilesOf } from './measure.ts';
import { percentile } from './statistics.ts';

/** A window of a drain, once the relayer is warm. */
export interface Window {
  /** From spawn to the first arrival. */
  readonly startMs: number;
  /** Per event of the window. */
  readonly wallUs: number;
  readonly cpuUs: number;
  /** Null where there is no server or it cannot be seen. */
  readonly serverUs: number | null;
}

/** Some commits, one by one. */
export interface Trickle {
  /** Of each event, ms after the return of COMMIT. */
  readonly arrival: readonly number[];
  /** Per event, with whatever else a relayer does in its first seconds. */
  readonly cpuUs: number;
}

/** What is committed while the point's events wait for tomorrow. */
export const trickled = { perSecond: 20, commits: 100 } as const;

/** What was seen at each point, run by run. */
export interface FlatRuns {
  readonly drains: readonly (readonly Window[])[];
  readonly trickles: readonly (readonly Trickle[])[];
  /** Events of a window. */
  readonly window: number;
}

/** The figures of the point at `index`; those of the first one are what the others are divided by. */
export function flatMeasures(
  { name, label }: FlatPoint,
  index: number,
  { drains, trickles, window }: FlatRuns,
): readonly Measure[] {
  const figure = (
    about: Pick<Measure, 'name' | 'label' | 'unit' | 'samplesPerRun'>,
    values: readonly number[],
  ) => ({ ...about, name: `flat.${name}.${about.name}`, label: `${label}: ${about.label}`, values });
  const of = (value: (one: Window) => number) => drains.map((run) => value(at(run, index)));
  const against = (value: (one: Window) => number) =>
    drains.map((run) => value(at(run, index)) / value(at(run, 0)));
  const slow = (percent: number) =>
    trickles.map(
      (run) => percentile(at(run, index).arrival, percent) / percentile(at(run, 0).arrival, percent),
    );
  const drained = { samplesPerRun: window } as const;
  const arrived = { samplesPerRun: trickled.commits } as const;
  const ratio = { unit: 'ratio' } as const;
  const isServerSeen = drains.every((run) => run.every(({ serverUs }) => serverUs !== null));
  const own = [
    figure({ name: 'rate', label: 'drain', unit: 'events/s', ...drained }, of(rateOf)),
    figure({ name: 'cpu', label: 'CPU per event', unit: 'us', ...drained }, of(cpuOf)),
    ...(isServerSeen
      ? [
          figure(
            { name: 'cpu-server', label: "the server's CPU per event", unit: 'us', ...drained },
            of(serverOf),
          ),
        ]
      : []),
    figure({ name: 'start', label: 'start to first arrival', unit: 'ms', samplesPerRun: 1 }, of(startOf)),
    ...percentilesOf(
      { name: `flat.${name}.arrival`, label: `${label}: arrival, ${trickled.perSecond}/s` },
      trickles.map((run) => at(run, index).arrival),
      [50, 99],
    ),
    figure(
      { name: 'arrival.cpu', label: `CPU at ${trickled.perSecond}/s, per event`, unit: 'us', ...arrived },
      trickles.map((run) => at(run, index).cpuUs),
    ),
  ];
  if (index === 0) return own;
  return [
    ...own,
    figure({ ...ratio, ...drained, name: 'time.ratio', label: 'time per event, ratio' }, against(wallOf)),
    figure({ ...ratio, ...drained, name: 'cpu.ratio', label: 'CPU per event, ratio' }, against(cpuOf)),
    ...(isServerSeen
      ? [
          figure(
            { ...ratio, ...drained, name: 'cpu-server.ratio', label: "the server's CPU, ratio" },
            against(serverOf),
          ),
        ]
      : []),
    figure(
      {
        ...ratio,
        ...arrived,
        name: 'arrival.cpu.ratio',
        label: `CPU at ${trickled.perSecond}/s, ratio`,
      },
      trickles.map((run) => at(run, index).cpuUs / at(run, 0).cpuUs),
    ),
    figure({ ...ratio, ...arrived, name: 'arrival.p50.ratio', label: 'arrival p50, ratio' }, slow(50)),
    figure({ ...ratio, ...arrived, name: 'arrival.p99.ratio', label: 'arrival p99, ratio' }, slow(99)),
  ];
}

const wallOf = ({ wallUs }: Window) => wallUs;
const cpuOf = ({ cpuUs }: Window) => cpuUs;
const serverOf = ({ serverUs }: Window) => serverUs ?? Number.NaN;
const startOf = ({ startMs }: Window) => startMs;
const rateOf = ({ wallUs }: Window) => 1e6 / wallUs;

function at<Value>(values: readonly Value[], place: number): Value {
  const value = values[place];
  if (value === undefined) throw new Error('a point without a value');
  return value;
}
