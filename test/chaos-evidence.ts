// Evidence of a run of chaos, made up for a test: what was accepted, and who was killed when.
import type { Evidence } from '../scripts/chaos/evidence.ts';
import type { RecordLine, RecordOf, Who } from '../scripts/chaos/record.ts';

export const relayer: Who = { target: 'relayer', name: 'relayer-1', pid: 11 };
export const run: RecordOf<'run'> = {
  ...{ kind: 'run', seed: 1, durationMs: 1_000, kills: 1, relayers: 2, soak: false },
  ...{ concurrency: 2, leaseMs: 2_000, requestTimeoutMs: 800, atMs: 0 },
};
export const span = (atMs: number) => ({ fromMs: atMs, toMs: atMs });

/** All clocks tell the same time here. */
export function kill(atMs: number, held: readonly string[], who: Who = relayer): RecordLine {
  const estate = { slot: '00', held, leased: held.length, leasedUntilMs: atMs + 2_000 };
  return { kind: 'kill', ...who, wasUp: true, estate, atMs, ...span(atMs) };
}

export function accepted(key: string, atMs: number): Evidence['ledger']['accepted'][number] {
  return {
    ...{ kind: 'accepted', key, owner: 'o', type: 't', bytes: 1, sha256: '', nth: 1, answer: 'queued' },
    ...{ atMs, monotonicMs: atMs },
  };
}

export function evidence(
  record: readonly RecordLine[],
  given: Partial<Evidence> = {},
  ...acceptances: Evidence['ledger']['accepted'][number][]
): Evidence {
  return {
    ...{ journal: new Set(), invoices: new Set(), events: new Map(), fencedEvents: 0, integrity: 'ok' },
    ...{ relayerStarts: [], takeovers: [], record: [run, ...record] },
    ledger: { accepted: acceptances, faults: [], tornLines: 0 } as unknown as Evidence['ledger'],
    ...given,
  };
}
