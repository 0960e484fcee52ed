// The verdict: reads what a run left in its folder, checks every invariant and counts. It changes nothing, so that it
// can be asked again about a folder that was kept.
import { isBadWeather } from './bad-weather.ts';
import { healthyEvents } from './data-invariants.ts';
import { readEvidence } from './evidence.ts';
import { type Series, seriesOf } from './growth.ts';
import { invariants } from './invariants.ts';
import { pictureOf } from './picture.ts';
import { linesOf, type Target } from './record.ts';
import { type Recovery, recoveryOf } from './recovery.ts';
import { causesOf, repeatsOf } from './repeat-causes.ts';
import { type Cause, explainRepeats, type Repeat } from './repeats.ts';
import { type Timeline, timelineOf } from './timeline.ts';

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
  /** Events that went dead and were no poison. */
  readonly dead: number;
  readonly poison: number;
  /** Acceptances of a key that had been accepted, and what explains them. */
  readonly repeats: number;
  readonly repeatsBy: Readonly<Record<string, number>>;
  /** By target; PM2's own among them. */
  readonly kills: Readonly<Record<Target | 'PM2', number>>;
  readonly killsWhileStarting: number;
  /** Kills that fell into a storm. */
  readonly killsInStorms: number;
  readonly storms: number;
  /** Relayers that slept past their lease. */
  readonly naps: number;
  /** Moments in which the sandbox stood still. */
  readonly stalls: number;
  readonly stops: number;
  /** What was done to the database, by kind. */
  readonly database: Readonly<Record<string, number>>;
  /** Settlements refused to relayers that had lost their lease. */
  readonly fenced: number;
  /** Requests that met an injected fault, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly recovery: Recovery;
  /** Healings: how long each took until everything was processed, in ms, ascending. */
  readonly healingsMs: readonly number[];
}

export interface Verdict {
  /** For the terminal. */
  readonly picture: readonly string[];
  /** For a picture in a file; null when nothing was accepted. */
  readonly timeline: Timeline | null;
  /** What a soak watched; empty otherwise. */
  readonly series: readonly Series[];
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
  return {
    broken,
    totals: totalsOf(evidence),
    picture: pictureOf(evidence),
    timeline: timelineOf(evidence),
    series: seriesOf(evidence.record),
  };
}

function totalsOf(evidence: ReturnType<typeof readEvidence>): Totals {
  const { ledger, record } = evidence;
  const accepted = new Set(ledger.accepted.map(({ key }) => key));
  const healthy = healthyEvents(evidence);
  const kills = linesOf(record, 'kill');
  const killsOf = (target: Target) => kills.filter((kill) => kill.target === target).length;
  const storms = linesOf(record, 'storm');
  const repeats = repeatsOf(ledger.accepted);
  return {
    committed: healthy.length,
    accepted: accepted.size,
    lost: healthy.filter(({ key }) => !accepted.has(key)).length,
    dead: healthy.filter(({ status }) => status === 'dead').length,
    poison: linesOf(record, 'poison').length,
    repeats: repeats.length,
    repeatsBy: repeatsBy(repeats, causesOf(evidence)),
    kills: {
      ingester: killsOf('ingester'),
      relayer: killsOf('relayer'),
      sandbox: killsOf('sandbox'),
      PM2: linesOf(record, 'PM2 kill').length,
    },
    killsWhileStarting: kills.filter(({ wasUp }) => !wasUp).length,
    killsInStorms: storms.reduce((sum, storm) => sum + storm.kills, 0),
    storms: storms.length,
    naps: linesOf(record, 'pause').filter(({ target }) => target === 'relayer').length,
    stalls: linesOf(record, 'pause').filter(({ target }) => target === 'sandbox').length,
    stops: linesOf(record, 'stop').length,
    database: countsOf(linesOf(record, 'database').map(({ what }) => what)),
    fenced: evidence.fencedEvents,
    faults: countsOf(ledger.faults.filter(isBadWeather).map(({ fault }) => fault)),
    recovery: recoveryOf(evidence),
    healingsMs: linesOf(record, 'healed')
      .map(({ fromMs, toMs }) => toMs - fromMs)
      .sort((a, b) => a - b),
  };
}

function repeatsBy(repeats: readonly Repeat[], causes: readonly Cause[]): Readonly<Record<string, number>> {
  const { used, unexplained } = explainRepeats(repeats, causes);
  const counts: Record<string, number> = {
    fault: 0,
    kill: 0,
    pause: 0,
    sandbox: 0,
    PM2: 0,
    nothing: unexplained.length,
  };
  for (const [index, { kind }] of causes.entries()) counts[kind] = (counts[kind] ?? 0) + (used[index] ?? 0);
  return counts;
}

function countsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
