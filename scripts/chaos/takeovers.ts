// Whether what a killed relayer had leased was taken over at once, instead of when its leases ran out. Pure.
import type { Evidence } from './evidence.ts';
import { linesOf, type Span } from './record.ts';

/** A relayer that has reported its start may still be at the slots of others for so long: longer where there is time enough. */
function otherSlotsMs(record: Evidence['record']): number {
  const [run] = linesOf(record, 'run');
  return Math.max(500, (run?.leaseMs ?? 0) / 9);
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
  const chanceMs = otherSlotsMs(record);
  const ends = (['kill', 'stop', 'pause'] as const)
    .flatMap((kind) => linesOf(record, kind))
    .map(({ pid, fromMs }) => ({ pid, atMs: toEpoch(fromMs) }));
  const livedOn = (start: { readonly pid: number; readonly atMs: number }) =>
    !ends.some(({ pid, atMs }) => pid === start.pid && atMs >= start.atMs && atMs <= start.atMs + chanceMs);
  const absences = linesOf(record, 'database').map(({ fromMs, toMs }) => ({
    fromMs: toEpoch(fromMs) - memoryMs,
    toMs: toEpoch(toMs) + memoryMs,
  }));
  const wasAway = ({ fromMs, toMs }: Span) =>
    absences.some((away) => away.fromMs <= toMs && away.toMs >= fromMs);
  return linesOf(record, 'kill').flatMap(({ pid, atMs, estate }) => {
    if (estate === null || estate.leased === 0) return [];
    const successor = relayerStarts.find((start) => start.atMs > atMs && livedOn(start));
    const endMs = (successor?.atMs ?? Number.POSITIVE_INFINITY) + chanceMs;
    if (endMs > estate.leasedUntilMs || wasAway({ fromMs: atMs, toMs: endMs })) return [];
    const taken = takeovers
      .filter((takeover) => takeover.slot === estate.slot && takeover.atMs >= atMs && takeover.atMs <= endMs)
      .reduce((sum, { events }) => sum + events, 0);
    return taken >= estate.leased
      ? []
      : [`${taken} of the ${estate.leased} events that the relayer ${pid} had leased`];
  });
}

/** From monotonic to epoch ms, by a line that has both. */
function epochOf(record: Evidence['record']): (monotonicMs: number) => number {
  const [kill] = linesOf(record, 'kill');
  const offsetMs = kill === undefined ? 0 : kill.atMs - kill.fromMs;
  return (monotonicMs) => monotonicMs + offsetMs;
}
