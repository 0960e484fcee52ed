// The works of one contestant over all runs, and the figures made from them: its own, and this project's against them. Pure.
import type { Measure, Unit } from '../measure.ts';
import type { Load } from './contestant.ts';
import type { Drained } from './work-drain.ts';
import type { Killed } from './work-kill.ts';
import type { Trickled } from './work-trickle.ts';

/** One run; what was not asked for is undefined. */
export interface Works {
  readonly drain?: Drained;
  /** Null: it does not keep up. */
  readonly trickle?: Trickled | null;
  readonly kill?: Killed;
}

interface Figure {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  readonly samplesPerRun: (load: Load) => number;
  readonly of: (works: Works) => number | null | undefined;
  /** Whether ours divided by the peer's is a figure, too. */
  readonly isCompared: boolean;
}

const one = () => 1;
const all = ({ pending }: Load) => pending;
const trickled = (load: Load) => load.trickled;
const backlog = (load: Load) => load.backlog;

const figures: readonly Figure[] = [
  {
    ...{ name: 'drain', label: 'drain', unit: 'events/s', samplesPerRun: all, isCompared: true },
    of: ({ drain }) => drain?.perSecond,
  },
  {
    ...{ name: 'arrival.p50', label: 'commit to arrival, p50', unit: 'ms', isCompared: true },
    samplesPerRun: trickled,
    of: ({ trickle }) => trickle?.p50Ms,
  },
  {
    ...{ name: 'arrival.p99', label: 'commit to arrival, p99', unit: 'ms', isCompared: true },
    samplesPerRun: trickled,
    of: ({ trickle }) => trickle?.p99Ms,
  },
  {
    ...{ name: 'cpu', label: "CPU per event, the worker's", unit: 'us', isCompared: true },
    samplesPerRun: all,
    of: ({ drain }) => drain?.cpuUsPerEvent,
  },
  {
    ...{ name: 'cpu-server', label: "CPU per event, the server's", unit: 'us', isCompared: false },
    samplesPerRun: all,
    of: ({ drain }) => drain?.serverUsPerEvent,
  },
  {
    ...{ name: 'cpu-all', label: 'CPU per event, both', unit: 'us', samplesPerRun: all, isCompared: true },
    of: ({ drain }) => drain && drain.cpuUsPerEvent + (drain.serverUsPerEvent ?? 0),
  },
  {
    ...{ name: 'kill', label: 'kill -9 to the next delivery', unit: 'ms', samplesPerRun: one },
    isCompared: true,
    of: ({ kill }) => kill?.nextMs,
  },
  {
    ...{ name: 'stranded', label: 'wait for a lease then', unit: 'events', isCompared: false },
    samplesPerRun: backlog,
    of: ({ kill }) => kill?.stranded,
  },
  {
    ...{ name: 'stranded-sent', label: 'of these, sent before', unit: 'events', isCompared: false },
    samplesPerRun: backlog,
    of: ({ kill }) => kill?.strandedSent,
  },
  {
    ...{ name: 'repeats', label: 'sent twice by a kill', unit: 'events', isCompared: false },
    samplesPerRun: backlog,
    of: ({ kill }) => kill?.repeats,
  },
];

/** The measures of `name`, such as `peers.plainjob.tuned.drain`, of those runs in which there was something to measure. */
export function measuresOf(
  { name, label, runs }: { readonly name: string; readonly label: string; readonly runs: readonly Works[] },
  ours: readonly Works[],
  load: Load,
): readonly Measure[] {
  return figures.flatMap((figure) => {
    const samplesPerRun = figure.samplesPerRun(load);
    const values = runs.flatMap((run) => figure.of(run) ?? []);
    if (values.length === 0) return [];
    const own: Measure = {
      ...{ name: `peers.${name}.${figure.name}`, label: `${label}: ${figure.label}` },
      ...{ unit: figure.unit, values, samplesPerRun },
    };
    const ratios = runs.flatMap((run, index) => {
      const [theirs, mine] = [figure.of(run), figure.of(ours[index] ?? {})];
      return theirs && mine ? mine / theirs : [];
    });
    if (!figure.isCompared || runs === ours || ratios.length === 0) return [own];
    return [
      own,
      {
        ...{ name: `${own.name}.ratio`, label: `${own.label}, ours / theirs` },
        ...{ unit: 'ratio', values: ratios, samplesPerRun },
      },
    ];
  });
}
