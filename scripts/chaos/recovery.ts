// How long it took after a relayer, or PM2 itself, was killed until work went on. A time counts only where nothing else
// stood in the way; how many did not count is part of the result. Pure.
import { isBadWeather } from './bad-weather.ts';
import type { Evidence } from './evidence.ts';
import { linesOf, type RecordOf, type Span } from './record.ts';

/** Times of one kind, in ms, ascending, and of how many kills they could have come. */
export interface Times {
  readonly timesMs: readonly number[];
  readonly of: number;
}

export interface Recovery {
  /** From the kill of a relayer until any event was accepted that it did not hold. */
  readonly accepted: Times;
  /** From the kill of a relayer until the first event that it held was accepted again, by whoever took it over. */
  readonly redelivered: Times;
  /** The same, whatever else came in between. */
  readonly redeliveredAnyhow: Times;
  /** From the kill of a relayer until the process that PM2 started in its place had reported its start. */
  readonly up: Times;
  /** From the moment that a database's server answered again, after it was away, until an event was accepted. */
  readonly server: Times;
  /** The same until an invoice was committed. */
  readonly serverCommit: Times;
  /** From the start of PM2, after it was killed, until a new relayer had an event accepted. */
  readonly pm2: Times;
}

/** One kill of a relayer that was recovered from. */
export interface Moment {
  /** When it was killed, on the monotonic clock. */
  readonly atMs: number;
  readonly tookMs: number;
  /** Nothing else stood in the way. */
  readonly isFree: boolean;
}

type Kill = RecordOf<'kill'>;

/** All five. Not counted, but in one, are kills that were followed by another kill first, as most are in a storm. */
export function recoveryOf(evidence: Evidence): Recovery {
  const kills = relayerKills(evidence);
  const pm2Starts = linesOf(evidence.record, 'PM2 start');
  const absences = linesOf(evidence.record, 'database').filter(({ lostSessions }) => lostSessions > 0);
  const isFree = obstaclesOf(evidence);
  return {
    accepted: timesOf(kills, (kill) => untilAccepted(evidence, kill, isFree)),
    redelivered: timesOf(kills, (kill) => untilRedelivered(evidence, kill, isFree)),
    redeliveredAnyhow: timesOf(kills, (kill) => untilRedelivered(evidence, kill, () => true)),
    up: timesOf(kills, (kill) => untilUp(evidence, kill)),
    server: timesOf(absences, (absence) => untilNextAccepted(evidence, absence, isFree)),
    serverCommit: timesOf(absences, (absence) => untilNextCommit(evidence, absence)),
    pm2: timesOf(pm2Starts, (start) => untilPm2Works(evidence, start, isFree)),
  };
}

/** The kills of relayers after which its first event was accepted again, and those after which its replacement started. */
export function recoveryMoments(evidence: Evidence): {
  readonly redelivered: readonly Moment[];
  readonly restarted: readonly Moment[];
} {
  const isFree = obstaclesOf(evidence);
  const momentsOf = (timeOf: (kill: Kill) => number | null) =>
    relayerKills(evidence).flatMap((kill) => {
      const tookMs = timeOf(kill);
      const { fromMs } = kill;
      return tookMs === null
        ? []
        : [{ atMs: fromMs, tookMs, isFree: isFree({ fromMs, toMs: fromMs + tookMs }) }];
    });
  return {
    redelivered: momentsOf((kill) => untilRedelivered(evidence, kill, () => true)),
    restarted: momentsOf((kill) => untilUp(evidence, kill)),
  };
}

function relayerKills({ record }: Evidence): readonly Kill[] {
  return linesOf(record, 'kill').filter(({ target }) => target === 'relayer');
}

/** The value below which that share of the sorted numbers lies (nearest rank); null for none. */
export function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

function timesOf<Line>(lines: readonly Line[], timeOf: (line: Line) => number | null): Times {
  const timesMs = lines.map(timeOf).filter((timeMs) => timeMs !== null);
  return { timesMs: timesMs.sort((a, b) => a - b), of: lines.length };
}

/** Whether the sandbox was there and well, and whether no relayer was killed after the beginning of the span and before its end. */
type IsFree = (span: Span) => boolean;

function untilAccepted({ ledger, events }: Evidence, kill: Kill, isFree: IsFree): number | null {
  const held = new Set(kill.estate?.held);
  const first = ledger.accepted.find(
    ({ key, monotonicMs }) => monotonicMs > kill.toMs && kill.estate !== null && !held.has(key),
  );
  // Unless it was there before, the time is that of its commit.
  const hadWork = first !== undefined && (events.get(first.key)?.createdAtMs ?? Infinity) < kill.atMs;
  return hadWork ? between(kill, first.monotonicMs, isFree) : null;
}

function untilRedelivered({ ledger, takeovers }: Evidence, kill: Kill, isFree: IsFree): number | null {
  const { estate } = kill;
  if (estate === null) return null;
  const taken = takeovers.find(({ atMs, slot }) => atMs >= kill.atMs && slot === estate.slot);
  const held = new Set(estate.held);
  // What was on the wire when the relayer died is accepted after its death, but before anybody takes it over.
  const first = ledger.accepted.find(
    ({ key, atMs, monotonicMs }) =>
      taken !== undefined && monotonicMs > kill.toMs && atMs >= taken.atMs && held.has(key),
  );
  return first === undefined ? null : between(kill, first.monotonicMs, isFree);
}

function untilUp({ record, relayerStarts }: Evidence, kill: Kill): number | null {
  const [successor, next] = linesOf(record, 'process').filter(
    ({ name, sinceMs }) => name === kill.name && sinceMs > kill.atMs,
  );
  // A new PM2 gives its names anew.
  const lostPm2 = linesOf(record, 'PM2 start').find(({ atMs }) => atMs > kill.atMs);
  const endMs = Math.min(next?.sinceMs ?? Infinity, lostPm2?.atMs ?? Infinity);
  const start = relayerStarts.find(
    ({ atMs, pid }) => atMs > kill.atMs && atMs < endMs && pid === successor?.pid,
  );
  return start === undefined ? null : start.atMs - kill.atMs;
}

function untilPm2Works(
  { ledger, relayerStarts }: Evidence,
  start: RecordOf<'PM2 start'>,
  isFree: IsFree,
): number | null {
  const relayer = relayerStarts.find(({ atMs }) => atMs > start.atMs);
  const first = ledger.accepted.find(({ atMs }) => relayer !== undefined && atMs >= relayer.atMs);
  return first === undefined ? null : between(start, first.monotonicMs, isFree);
}

function untilNextAccepted({ ledger }: Evidence, { toMs }: Span, isFree: IsFree): number | null {
  const next = ledger.accepted.find(({ monotonicMs }) => monotonicMs > toMs);
  return next === undefined ? null : between({ fromMs: toMs, toMs }, next.monotonicMs, isFree);
}

/** Where an ingester ran before and after: none was killed since the last commit before. */
function untilNextCommit({ ledger, events, record }: Evidence, { fromMs, toMs }: Span): number | null {
  const [first] = ledger.accepted;
  if (first === undefined) return null;
  const offsetMs = first.atMs - first.monotonicMs;
  let [lastMs, nextMs] = [-Infinity, Infinity];
  for (const { createdAtMs } of events.values()) {
    const atMs = createdAtMs - offsetMs;
    if (atMs < fromMs) lastMs = Math.max(lastMs, atMs);
    if (atMs > toMs) nextMs = Math.min(nextMs, atMs);
  }
  const ends = [
    ...linesOf(record, 'kill').filter(({ target }) => target === 'ingester'),
    ...linesOf(record, 'PM2 kill'),
  ];
  const isHindered = ends.some((end) => end.toMs >= lastMs && end.fromMs <= nextMs);
  return nextMs === Infinity || isHindered ? null : nextMs - toMs;
}

function between({ fromMs }: Span, endMs: number, isFree: IsFree): number | null {
  return isFree({ fromMs, toMs: endMs }) ? endMs - fromMs : null;
}

function obstaclesOf({ record, ledger }: Evidence): IsFree {
  const ups = linesOf(record, 'sandbox up').map(({ monotonicMs }) => monotonicMs);
  const kills = linesOf(record, 'kill');
  const downs = kills
    .filter(({ target }) => target === 'sandbox')
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: ups.find((upMs) => upMs > toMs) ?? Infinity }));
  const instants = [
    ...kills.filter(({ target }) => target === 'relayer').map(({ fromMs }) => fromMs),
    ...linesOf(record, 'PM2 kill').map(({ fromMs }) => fromMs),
    ...ledger.faults.filter(isBadWeather).map(({ monotonicMs }) => monotonicMs),
  ];
  const spans = [
    ...downs,
    ...linesOf(record, 'pause'),
    ...linesOf(record, 'database'),
    ...instants.map((atMs) => ({ fromMs: atMs, toMs: atMs })),
  ];
  return (span) => !spans.some(({ fromMs, toMs }) => fromMs <= span.toMs && toMs > span.fromMs);
}
