// What every part of a benchmark works with. A part measures one thing and returns its figures.
import type { BenchSettings, PartName } from './config.ts';
import type { GatewayLink } from './gateway-link.ts';
import type { Ground, RelayerSetup } from './ground.ts';
import type { Measure } from './measure.ts';
import { type Pace, workOf } from './pace.ts';
import type { Stock } from './stock.ts';

export interface Bench {
  readonly settings: BenchSettings;
  readonly ground: Ground;
  readonly gateway: GatewayLink;
  readonly stock: Stock;
  /** How relayers are set up, but for their database. */
  readonly relayer: Omit<RelayerSetup, 'database'>;
  /** One line of progress. */
  readonly say: (text: string) => void;
  /** Tells how long all of it still takes. */
  readonly pace: Pace;
  /** Aborts when somebody wants the run to end. */
  readonly signal: AbortSignal;
}

export type Part = (bench: Bench) => Promise<readonly Measure[]>;

/** The relayer's default of `--concurrency`, for the limit; a test compares the two. */
export const defaultSlots = 64;

/**
 * Calls `once` for each run, after a first time that warms up the machine and is not counted, unless only one run is wanted or
 * each run has a warm-up of its own.
 */
export async function eachRun<Result>(
  { settings, say, pace }: Bench,
  what: PartName,
  once: () => Promise<{ readonly result: Result; readonly text: string }>,
  { warmsUpItself = false }: { readonly warmsUpItself?: boolean } = {},
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const done = (text: string) => {
    pace.did(workOf(what, settings));
    say(`${what}, ${text}`);
  };
  if (settings.runs > 1 && !warmsUpItself) done(`warming up: ${(await once()).text}`);
  for (let run = 1; run <= settings.runs; run++) {
    const { result, text } = await once();
    done(`${run} of ${settings.runs}: ${text}`);
    results.push(result);
  }
  return results;
}
