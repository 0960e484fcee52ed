// The verdict: reads what a run left in its folder, checks every invariant and counts. It changes nothing, so that it
// can be asked again about a folder that was kept.
import { readEvidence } from './evidence.ts';
import { healthyEvents, invariants } from './invariants.ts';
import { linesOf, type Target } from './record.ts';
import { percentile, recoveryOf } from './recovery.ts';
import { causesOf, repeatsOf } from './repeat-causes.ts';
import { type Cause, explainRepeats, type Repeat } from './repeats.ts';

/** An invariant that did not hold. */
export interface Breach {
  readonly name: string;
  readonly promise: string;
  readonly count: number;
  /** The first offender: a key, an id or a few words. */
  readonly example: string;
}

export interface Totals {
  /** Events that had to arrive; poison is not among them. */
  readonly committed: number;
  /** Distinct keys. */
  readonly accepted: number;
  /** Committed and never accepted. */
  readonly lost: number;
  readonly poison: number;
  /** Acceptances of a key that had been accepted, and what explains them. */
  readonly repeats: number;
  readonly repeatsBy: Readonly<Record<string, number>>;
  readonly kills: Readonly<Record<Target, number>>;
  readonly killsWhileStarting: number;
  /** Relayers that slept past their lease. */
  readonly naps: number;
  /** Moments in which the sandbox stood still. */
  readonly stalls: number;
  readonly stops: number;
  /** Settlements refused to relayers that had lost their lease. */
  readonly fenced: number;
  /** Requests that met an injected fault, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly recovery: {
    readonly counted: number;
    readonly kills: number;
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
    readonly maxMs: number | null;
  };
}

export interface Verdict {
  /** Empty when the promise held. */
  readonly broken: readonly Breach[];
  readonly totals: Totals;
}

/** Judges the run whose files are in `folder`. Throws when a source is missing or cannot be read. */
export function reconcile(folder: string): Verdict {
  const evidence = readEvidence(folder);
  const broken = invariants.flatMap(({ name, promise, offenders }) => {
    const found = offenders(evidence);
    const [example] = found;
    return example === undefined ? [] : [{ name, promise, count: found.length, example }];
  });
  return { broken, totals: totalsOf(evidence) };
}

function totalsOf(evidence: ReturnType<typeof readEvidence>): Totals {
  const { ledger, record } = evidence;
  const accepted = new Set(ledger.accepted.map(({ key }) => key));
  const healthy = healthyEvents(evidence);
  const kills = linesOf(record, 'kill');
  const killsOf = (target: Target) => kills.filter((kill) => kill.target === target).length;
  const { timesMs, kills: relayerKills } = recoveryOf(evidence);
  const repeats = repeatsOf(ledger.accepted);
  return {
    committed: healthy.length,
    accepted: accepted.size,
    lost: healthy.filter(({ key }) => !accepted.has(key)).length,
    poison: linesOf(record, 'poison').length,
    repeats: repeats.length,
    repeatsBy: repeatsBy(repeats, causesOf(evidence)),
    kills: {
      ingester: killsOf('ingester'),
      relayer: killsOf('relayer'),
      'second relayer': killsOf('second relayer'),
      sandbox: killsOf('sandbox'),
    },
    killsWhileStarting: kills.filter(({ wasUp }) => !wasUp).length,
    naps: linesOf(record, 'pause').filter(({ target }) => target !== 'sandbox').length,
    stalls: linesOf(record, 'pause').filter(({ target }) => target === 'sandbox').length,
    stops: linesOf(record, 'stop').length,
    fenced: evidence.fencedEvents,
    faults: countsOf(ledger.faults.map(({ fault }) => fault).filter((fault) => fault !== 'client-gone')),
    recovery: {
      counted: timesMs.length,
      kills: relayerKills,
      p50Ms: percentile(timesMs, 0.5),
      p99Ms: percentile(timesMs, 0.99),
      maxMs: timesMs.at(-1) ?? null,
    },
  };
}

function repeatsBy(repeats: readonly Repeat[], causes: readonly Cause[]): Readonly<Record<string, number>> {
  const { used, unexplained } = explainRepeats(repeats, causes);
  const counts: Record<string, number> = { fault: 0, kill: 0, pause: 0, nothing: unexplained.length };
  for (const [index, { kind }] of causes.entries()) counts[kind] = (counts[kind] ?? 0) + (used[index] ?? 0);
  return counts;
}

function countsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
