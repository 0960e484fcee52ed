// Whether each restarted relayer took over at once what its killed predecessor had held, instead of waiting for the leases
// to run out. Pure.
import type { Evidence } from './evidence.ts';
import { linesOf } from './record.ts';

/** A successor that has reported its start may still be at the slots of others for so long. */
const otherSlotsMs = 500;

/** A sentence for each kill after which fewer events were taken over than the dead relayer had leased. */
export function lateTakeovers({ record, relayerStartsMs, takeovers }: Evidence): readonly string[] {
  const kills = linesOf(record, 'kill').filter(({ target }) => target === 'relayer');
  const leaseMs = linesOf(record, 'run')[0]?.leaseMs ?? 0;
  return kills.flatMap(({ pid, atMs, leased }, index) => {
    const nextMs = kills[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const startMs = relayerStartsMs.find((startedMs) => startedMs > atMs) ?? Number.POSITIVE_INFINITY;
    // Not known with a second relayer about; not to be expected of one that was killed at it, or came after the leases' end.
    if (leased === null || startMs + otherSlotsMs > nextMs || startMs > atMs + leaseMs) return [];
    const taken = takeovers
      .filter((takeover) => takeover.atMs >= atMs && takeover.atMs <= startMs + otherSlotsMs)
      .reduce((sum, { events }) => sum + events, 0);
    return taken >= leased ? [] : [`${taken} of the ${leased} events that the relayer ${pid} had leased`];
  });
}
