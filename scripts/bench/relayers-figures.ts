// The figures of `relayers`: what was seen in each combination, and against one relayer with the same gateway in the same run. Pure.
import type { Measure } from './measure.ts';

export interface Cell {
  readonly latencyMs: number;
  readonly relayers: number;
  readonly label: string;
}

/** A backlog drained together. */
export interface Shared {
  /** From the first arrival to the last. */
  readonly perSecond: number;
  /** Events of the relayer with the fewest, and of the one with the most. */
  readonly fewest: number;
  readonly most: number;
  /** CPU per event, of all relayers. */
  readonly relayerUs: number;
  /** Null where there is no server or it cannot be seen. */
  readonly serverUs: number | null;
}

/** A run has a value for each cell. */
export function relayersMeasures(
  cells: readonly Cell[],
  runs: readonly (readonly Shared[])[],
  samplesPerRun: number,
): readonly Measure[] {
  return cells.flatMap((cell, index) => {
    const { latencyMs, relayers, label } = cell;
    const measure = (
      about: Pick<Measure, 'name' | 'label' | 'unit'>,
      value: (one: Shared, run: readonly Shared[]) => number,
    ): Measure => ({
      ...{ ...about, name: `relayers.${latencyMs}ms.${relayers}.${about.name}`, samplesPerRun },
      label: `${label}${about.label}`,
      values: runs.map((run) => value(at(run, index), run)),
    });
    const alone = cells.findIndex((one) => one.latencyMs === latencyMs && one.relayers === 1);
    const rate = measure({ name: 'rate', label: '', unit: 'events/s' }, ({ perSecond }) => perSecond);
    const isServerSeen = runs.every((run) => at(run, index).serverUs !== null);
    const cpu = [
      measure({ name: 'cpu', label: ': CPU per event', unit: 'us' }, ({ relayerUs }) => relayerUs),
      ...(isServerSeen
        ? [
            measure(
              { name: 'cpu-server', label: ": the server's", unit: 'us' },
              ({ serverUs }) => serverUs ?? Number.NaN,
            ),
          ]
        : []),
    ];
    if (relayers === 1) return [rate, ...cpu];
    return [
      rate,
      ...(alone === -1
        ? []
        : [
            measure(
              { name: 'ratio', label: ': against one', unit: 'ratio' },
              ({ perSecond }, run) => perSecond / at(run, alone).perSecond,
            ),
          ]),
      measure({ name: 'fewest', label: ': fewest of one', unit: 'events' }, ({ fewest }) => fewest),
      measure({ name: 'most', label: ': most of one', unit: 'events' }, ({ most }) => most),
      ...cpu,
    ];
  });
}

function at(run: readonly Shared[], index: number): Shared {
  const value = run[index];
  if (value === undefined) throw new Error('a combination without a value');
  return value;
}
