// The result of a run as one object, fit for a history: the verdict with its figures, the course of the run, and what it ran on.
import { commitOf, type Machine, machineOf } from '../bench/machine.ts';
import type { ChaosSettings } from './config.ts';
import type { Series } from './growth.ts';
import type { Breach, Totals, Verdict } from './reconcile.ts';
import { commandOf, databaseWord } from './report.ts';
import type { Timeline } from './timeline.ts';

/** Where and when it runs; taken before it does. */
export interface RunOrigin {
  /** ISO-8601, when it began. */
  readonly date: string;
  readonly commit: string | null;
  readonly machine: Machine;
  /** Node's version. */
  readonly node: string;
}

export interface ChaosResult extends RunOrigin {
  /** Plays the same trouble again. */
  readonly command: string;
  readonly settings: Omit<ChaosSettings, 'out' | 'keep'>;
  readonly isHeld: boolean;
  readonly broken: readonly Breach[];
  readonly totals: Totals;
  /** What a soak watched. */
  readonly series: readonly Series[];
  readonly timeline: Timeline | null;
}

export function originOfRun(): RunOrigin {
  return {
    ...{ date: new Date().toISOString(), commit: commitOf() },
    ...{ machine: machineOf(), node: process.versions.node },
  };
}

export function resultOf(origin: RunOrigin, settings: ChaosSettings, verdict: Verdict): ChaosResult {
  const { out: _out, keep: _keep, ...used } = settings;
  const { broken, totals, series, timeline } = verdict;
  return {
    ...origin,
    ...{
      command: commandOf(settings),
      settings: { ...used, database: databaseWord(settings) },
      isHeld: broken.length === 0,
    },
    ...{ broken, totals, series, timeline },
  };
}
