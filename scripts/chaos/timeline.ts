// The course of a run, for whoever draws it: how many events waited, came and went at each moment, and when what happened to the
// processes. All instants are ms from the beginning of the run. Pure; it draws nothing and judges nothing.
import { healthyEvents } from './data-invariants.ts';
import type { Evidence } from './evidence.ts';
import { linesOf, type Span, type Target } from './record.ts';
import { type Moment, recoveryMoments } from './recovery.ts';

export interface Timeline {
  readonly lengthMs: number;
  /** The run is cut into parts of this length; the lists have a value for each. */
  readonly partMs: number;
  /** The most events that were committed and not accepted at any moment of the part; poison is left out. */
  readonly waiting: readonly number[];
  /** Events committed in the part; poison is left out. */
  readonly committed: readonly number[];
  /** Events accepted for the first time in the part. */
  readonly accepted: readonly number[];
  /** Instants of SIGKILLs. */
  readonly kills: Readonly<Record<Target | 'PM2', readonly number[]>>;
  readonly storms: readonly Span[];
  readonly asleep: readonly Span[];
  readonly stalls: readonly Span[];
  /** What was done to the database, until it answered again. */
  readonly database: readonly Span[];
  readonly badWeather: readonly Span[];
  readonly healed: readonly Span[];
  readonly politeStops: readonly Span[];
  /** From the kill of a relayer until its first event was accepted again, whatever came in between. */
  readonly redelivered: readonly Moment[];
  /** From the kill of a relayer until its replacement had started. */
  readonly restarted: readonly Moment[];
}

/** As many parts as a picture can show, but none so short that it would be noise. */
const mostParts = 280;
const shortestPartMs = 500;

/** The course of the run; null when nothing was accepted, so that there is none. */
export function timelineOf(evidence: Evidence): Timeline | null {
  const { record, ledger } = evidence;
  const [first] = ledger.accepted;
  if (first === undefined) return null;
  const offsetMs = first.atMs - first.monotonicMs;
  const commits = healthyEvents(evidence).map(({ key, createdAtMs }) => ({
    key,
    atMs: createdAtMs - offsetMs,
  }));
  const spans = spansOf(record);
  const startMs = commits.reduce((least, { atMs }) => Math.min(least, atMs), first.monotonicMs);
  const ends = [...Object.values(spans).flat(), ...linesOf(record, 'kill')].map(({ toMs }) => toMs);
  const lastMs = ledger.accepted.at(-1)?.monotonicMs ?? startMs;
  const lengthMs = Math.max(1, ends.reduce((most, endMs) => Math.max(most, endMs), lastMs) - startMs);
  const since = (atMs: number) => Math.max(0, atMs - startMs);
  const relative = (list: readonly Span[]) =>
    list.map(({ fromMs, toMs }) => ({ fromMs: since(fromMs), toMs: since(toMs) }));
  const moments = recoveryMoments(evidence);
  const placed = (list: readonly Moment[]) => list.map((moment) => ({ ...moment, atMs: since(moment.atMs) }));
  return {
    lengthMs,
    ...flowOf(evidence, { commits, startMs, lengthMs }),
    kills: killsOf(record, since),
    storms: relative(spans.storms),
    asleep: relative(spans.asleep),
    stalls: relative(spans.stalls),
    database: relative(spans.database),
    badWeather: relative(spans.badWeather),
    healed: relative(spans.healed),
    politeStops: relative(spans.politeStops),
    redelivered: placed(moments.redelivered),
    restarted: placed(moments.restarted),
  };
}

function spansOf(record: Evidence['record']) {
  const pauses = linesOf(record, 'pause');
  return {
    storms: linesOf(record, 'storm'),
    asleep: pauses.filter(({ target }) => target === 'relayer'),
    stalls: pauses.filter(({ target }) => target === 'sandbox'),
    database: linesOf(record, 'database'),
    badWeather: linesOf(record, 'faults'),
    healed: linesOf(record, 'healed'),
    politeStops: linesOf(record, 'stop'),
  };
}

function killsOf(record: Evidence['record'], since: (atMs: number) => number): Timeline['kills'] {
  const of = (target: Target) =>
    linesOf(record, 'kill').flatMap((kill) => (kill.target === target ? [since(kill.fromMs)] : []));
  return {
    relayer: of('relayer'),
    ingester: of('ingester'),
    sandbox: of('sandbox'),
    PM2: linesOf(record, 'PM2 kill').map(({ fromMs }) => since(fromMs)),
  };
}

interface Course {
  /** On the monotonic clock. */
  readonly commits: readonly { readonly key: string; readonly atMs: number }[];
  readonly startMs: number;
  readonly lengthMs: number;
}

function flowOf({ ledger }: Evidence, { commits, startMs, lengthMs }: Course) {
  const partMs = Math.max(lengthMs / mostParts, shortestPartMs);
  const parts = Math.ceil(lengthMs / partMs);
  const partOf = (atMs: number) => Math.min(parts - 1, Math.max(0, Math.floor((atMs - startMs) / partMs)));
  const healthy = new Set(commits.map(({ key }) => key));
  const arrivals = ledger.accepted.filter(({ key }) => healthy.delete(key));
  const count = (instants: readonly number[]) => {
    const found = Array<number>(parts).fill(0);
    for (const atMs of instants) found[partOf(atMs)] = (found[partOf(atMs)] ?? 0) + 1;
    return found;
  };
  const committed = commits.map(({ atMs }) => atMs);
  const accepted = arrivals.map(({ monotonicMs }) => monotonicMs);
  const steps = [
    ...committed.map((atMs) => ({ atMs, by: 1 })),
    ...accepted.map((atMs) => ({ atMs, by: -1 })),
  ].sort((a, b) => a.atMs - b.atMs);
  return {
    ...{ partMs, committed: count(committed), accepted: count(accepted) },
    waiting: highest(steps, parts, partOf),
  };
}

/** The highest sum in each part, that which it began with included. */
function highest(
  steps: readonly { readonly atMs: number; readonly by: number }[],
  parts: number,
  partOf: (atMs: number) => number,
): readonly number[] {
  const most = Array<number>(parts).fill(0);
  let sum = 0;
  let next = 0;
  for (let part = 0; part < parts; part++) {
    most[part] = sum;
    for (let step = steps[next]; step !== undefined && partOf(step.atMs) === part; step = steps[++next]) {
      sum += step.by;
      most[part] = Math.max(most[part] ?? 0, sum);
    }
  }
  return most;
}
