// Whether what a killed relayer had leased was taken over at once, instead of when its leases ran out. Pure.
import type { Evidence } from './evidence.ts';
import { linesOf, type Span } from './record.ts';

type Start = Evidence['relayerStarts'][number];

/**
 * A relayer that has reported its start may still be at the slots of others for so long: longer where there is time enough. On a server
 * that is a dozen statements, on connections still to be made: half as long as its start took. On two cores at a load of 20, where starts
 * took 2 to 4 s, 9 of 34 takeovers came 0.6 to 2.3 s after them.
 */
function otherSlotsMs(record: Evidence['record'], start: Start): number {
  const [run] = linesOf(record, 'run');
  const shortestMs = Math.max(500, (run?.leaseMs ?? 0) / 9);
  if (run?.engine !== 'postgres') return shortestMs;
  const process = linesOf(record, 'process').findLast(
    ({ pid, sinceMs }) => pid === start.pid && sinceMs <= start.atMs,
  );
  return Math.max(shortestMs, (start.atMs - (process?.sinceMs ?? start.atMs)) / 2);
}

/** A server that is away takes nothing over; one that crashes may forget what was taken over just before. */
const memoryMs = 1_000;

/**
 * A sentence for each kill after which fewer events were taken over than the dead relayer had leased, by the time that the
 * next relayer to start had had its chance. Those who died or were stopped meanwhile had none, and once leases end by themselves
 * nothing can be told any more.
 */
export function lateTakeovers({ record, relayerStarts, takeovers }: Evidence): readonly string[] {
  const toEpoch = epochOf(record);
  const ends = (['kill', 'stop', 'pause'] as const)
    .flatMap((kind) => linesOf(record, kind))
    .map(({ pid, fromMs }) => ({ pid, atMs: toEpoch(fromMs) }));
  const chanceEndsMs = (start: Start) => start.atMs + otherSlotsMs(record, start);
  const livedOn = (start: Start) =>
    !ends.some(({ pid, atMs }) => pid === start.pid && atMs >= start.atMs && atMs <= chanceEndsMs(start));
  const absences = linesOf(record, 'database').map(({ fromMs, toMs }) => ({
    fromMs: toEpoch(fromMs) - memoryMs,
    toMs: toEpoch(toMs) + memoryMs,
  }));
  const wasAway = ({ fromMs, toMs }: Span) =>
    absences.some((away) => away.fromMs <= toMs && away.toMs >= fromMs);
  return linesOf(record, 'kill').flatMap(({ pid, atMs, estate }) => {
    if (estate === null || estate.leased === 0) return [];
    const successor = relayerStarts.find((start) => start.atMs > atMs && livedOn(start));
    const endMs = lastUpMs(successor === undefined ? Number.POSITIVE_INFINITY : chanceEndsMs(successor), {
      ...{ record, relayerStarts, killedAtMs: atMs },
    });
    if (endMs > estate.leasedUntilMs || wasAway({ fromMs: atMs, toMs: endMs })) return [];
    const taken = takeovers
      .filter((takeover) => takeover.slot === estate.slot && takeover.atMs >= atMs && takeover.atMs <= endMs)
      .reduce((sum, { events }) => sum + events, 0);
    return taken >= estate.leased
      ? []
      : [`${taken} of the ${estate.leased} events that the relayer ${pid} had leased`];
  });
}

/**
 * The end of the chance, put off by those who had begun to start by then: one of them may hold the dead relayer's slot, which it takes
 * over before it reports its start, and nobody else can. Never, when one of them has not reported.
 */
function lastUpMs(
  endMs: number,
  seen: Pick<Evidence, 'record' | 'relayerStarts'> & { readonly killedAtMs: number },
): number {
  const coming = linesOf(seen.record, 'process').filter(
    ({ target, sinceMs }) => target === 'relayer' && sinceMs > seen.killedAtMs && sinceMs <= endMs,
  );
  const ups = coming.map(({ pid, sinceMs }) => {
    const start = seen.relayerStarts.find((one) => one.pid === pid && one.atMs >= sinceMs);
    return start?.atMs ?? Number.POSITIVE_INFINITY;
  });
  return Math.max(endMs, ...ups);
}

/** From monotonic to epoch ms, by a line that has both. */
function epochOf(record: Evidence['record']): (monotonicMs: number) => number {
  const [kill] = linesOf(record, 'kill');
  const offsetMs = kill === undefined ? 0 : kill.atMs - kill.fromMs;
  return (monotonicMs) => monotonicMs + offsetMs;
}
