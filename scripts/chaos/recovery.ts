// How long a killed relayer's successor took to get an event accepted. Only kills after which nothing else stood in
// the way are counted; how many that were is part of the result. Pure.
import type { Evidence } from './evidence.ts';
import { linesOf, type RecordOf, type Span } from './record.ts';

export interface Recovery {
  /** From the SIGKILL to the acceptance, in ms, ascending. */
  readonly timesMs: readonly number[];
  /** Kills of the relayer under PM2 altogether. */
  readonly kills: number;
}

/**
 * The first acceptance after the successor had reported its start. Left out are kills of a relayer that was still
 * starting, that was followed by another kill first, that had a second relayer beside it, or during which the sandbox was
 * down or showed a fault; and those after which nothing waited, so that the acceptance is of a later event.
 */
export function recoveryOf(evidence: Evidence): Recovery {
  const kills = linesOf(evidence.record, 'kill').filter(({ target }) => target === 'relayer');
  const obstacles = obstaclesOf(evidence);
  const timesMs = kills
    .map((kill, index) => timeOf(kill, { evidence, obstacles, nextKill: kills[index + 1] }))
    .filter((timeMs) => timeMs !== null);
  return { timesMs: timesMs.toSorted((a, b) => a - b), kills: kills.length };
}

/** The value below which that share of the sorted numbers lies (nearest rank); null for none. */
export function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

type Kill = RecordOf<'kill'>;

interface Circumstances {
  readonly evidence: Evidence;
  readonly obstacles: readonly Span[];
  readonly nextKill: Kill | undefined;
}

function timeOf(kill: Kill, { evidence, obstacles, nextKill }: Circumstances): number | null {
  if (!kill.wasUp) return null;
  const startMs = evidence.relayerStartsMs.find((atMs) => atMs > kill.atMs);
  if (startMs === undefined) return null;
  const first = evidence.ledger.accepted.find(
    ({ atMs, monotonicMs }) => monotonicMs > kill.toMs && atMs >= startMs,
  );
  if (first === undefined || (nextKill !== undefined && nextKill.fromMs < first.monotonicMs)) return null;
  const hadWork = (evidence.events.get(first.key)?.createdAtMs ?? Number.POSITIVE_INFINITY) < startMs;
  const wasInTheWay = obstacles.some(
    ({ fromMs, toMs }) => fromMs <= first.monotonicMs && toMs >= kill.fromMs,
  );
  return hadWork && !wasInTheWay ? first.monotonicMs - kill.fromMs : null;
}

function obstaclesOf({ record, ledger }: Evidence): readonly Span[] {
  const ups = linesOf(record, 'sandbox up').map(({ monotonicMs }) => monotonicMs);
  const downs = linesOf(record, 'kill')
    .filter(({ target }) => target === 'sandbox')
    .map(({ fromMs, toMs }) => ({
      fromMs,
      toMs: ups.find((upMs) => upMs > toMs) ?? Number.POSITIVE_INFINITY,
    }));
  const faults = ledger.faults
    .filter(({ fault }) => fault !== 'client-gone')
    .map(({ monotonicMs }) => ({ fromMs: monotonicMs, toMs: monotonicMs }));
  return [...downs, ...faults, ...linesOf(record, 'second relayer')];
}
