// The command that matters most: one turn of one relayer, which settles some leases (its own, or ones that it or another
// lost long ago) and claims what is due.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { WaitReason } from '../../apps/outbox/event-state.ts';
import type { ClaimedEvent, ClaimRequest, Settlement } from '../../apps/outbox/store.ts';
import { command, gateways, leaseMs, type Play, slots } from './store-play.ts';
import type { Holder } from './store-world.ts';

const kinds = ['processed', 'retry', 'dead', 'dead unsent', 'released', 'unsent'] as const;
const waitReasons: readonly WaitReason[] = ['gateway', 'endpoint', 'evidence'];

/** Which lease, counted back from the newest one handed out, and how it ends. */
const settling = fc.record({
  leaseBack: fc.nat({ max: 14 }),
  kind: fc.constantFrom(...kinds),
  waitMs: fc.constantFrom(0, 1_000, 60_000),
  reason: fc.constantFrom(...waitReasons),
  gateway: fc.constantFrom(...gateways),
});
type Settling = typeof settling extends fc.Arbitrary<infer Value> ? Value : never;

const claiming = fc.record({
  slots: fc.integer({ min: 1, max: 5 }),
  freshOnly: fc.boolean(),
  /** A relayer started a moment ago knows nothing of what its predecessor had in flight. */
  exceptsInFlight: fc.boolean(),
});
type Claiming = typeof claiming extends fc.Arbitrary<infer Value> ? Value : never;

/** What a relayer chooses for a turn. */
export const turnParts = {
  slot: fc.constantFrom(...slots),
  // A lease ends once a turn; which one, and when it was handed out, is left to chance.
  settlements: fc.uniqueArray(settling, { maxLength: 4, selector: ({ leaseBack }) => leaseBack }),
  claim: claiming,
};

export const turn = fc
  .record({ ...turnParts, claim: fc.option(claiming, { freq: 4 }) })
  .map(({ slot, settlements: chosen, claim: wanted }) =>
    command(nameOf(slot, chosen, wanted), 'turn', async (play, world) => {
      const holder = world.holder(slot);
      const settlements = settlementsOf(play, chosen);
      const claim = wanted === null ? null : claimOf(play, wanted, { holder, settlements });
      const { nowMs, model } = play;
      const result = await holder.store.turn({ settlements, claim, nowMs });

      const lost = settlements.filter((settlement) => !model.settle(settlement, nowMs));
      assert.deepEqual(result.lost, lost, 'settlements whose lease was lost');
      if (lost.length > 0) {
        assert.deepEqual(
          await holder.store.lastLogged('fenced'),
          { events: lost.length },
          'fenced, recorded',
        );
      }
      const claimed = claim === null ? [] : model.claim(claim);
      assert.deepEqual(
        result.claimed.map(({ seq, leaseId, attempts, claims }) => ({ seq, leaseId, attempts, claims })),
        claimed.map(({ seq, leaseId, attempts, claims }) => ({ seq, leaseId, attempts, claims })),
        'events claimed',
      );
      remember(play, { slot, holder, settlements, claimed: result.claimed });
    }),
  );

/** What the relayer, and the sequence, know after a turn. */
export function remember(
  { handedOut }: Play,
  taken: {
    readonly slot: string;
    readonly holder: Holder;
    readonly settlements: readonly Settlement[];
    readonly claimed: readonly ClaimedEvent[];
  },
): void {
  const { slot, holder } = taken;
  for (const { seq } of taken.settlements) holder.inFlight.delete(seq);
  for (const { seq, leaseId } of taken.claimed) {
    holder.inFlight.add(seq);
    handedOut.push({ slot, seq, leaseId });
  }
}

export function settlementsOf(
  { handedOut, nowMs }: Play,
  chosen: readonly Settling[],
): readonly Settlement[] {
  return chosen.flatMap(({ leaseBack, kind, waitMs, reason, gateway }): Settlement[] => {
    const held = handedOut.at(-1 - leaseBack);
    if (held === undefined) return [];
    const lease = { seq: held.seq, leaseId: held.leaseId };
    const availableAtMs = nowMs + waitMs;
    switch (kind) {
      case 'processed':
        return [{ ...lease, kind, gateway }];
      case 'retry':
        return [{ ...lease, kind, availableAtMs, error: 'HTTP 400: no' }];
      case 'dead':
        return [{ ...lease, kind, error: 'HTTP 400: never', countsAttempt: true }];
      case 'dead unsent':
        return [{ ...lease, kind: 'dead', error: 'payload: not JSON', countsAttempt: false }];
      case 'released':
        return [{ ...lease, kind, availableAtMs, waitReason: reason, error: 'HTTP 503', claim: 'answered' }];
      case 'unsent': {
        const asBefore = { availableAtMs: 0, waitReason: null, error: null } as const;
        return [{ ...lease, kind: 'released', ...asBefore, claim: 'unsent' }];
      }
      default:
        return kind satisfies never;
    }
  });
}

export function claimOf(
  { nowMs }: Play,
  wanted: Claiming,
  { holder, settlements }: { readonly holder: Holder; readonly settlements: readonly Settlement[] },
): ClaimRequest {
  // What a turn settles it does not claim: its slots are free only afterwards. Without this a store that looks for due
  // events before it takes the write lock, as SQLite's does, could miss what the same turn releases.
  const settled = settlements.map(({ seq }) => seq);
  return {
    slots: wanted.slots,
    leaseId: holder.nextLeaseId(),
    leaseEndsAtMs: nowMs + leaseMs,
    dueByMs: wanted.freshOnly ? 0 : nowMs,
    exceptSeqs: wanted.exceptsInFlight ? [...holder.inFlight, ...settled] : settled,
  };
}

export function nameOf(slot: string, chosen: readonly Settling[], wanted: Claiming | null): string {
  const settles = chosen.map(({ leaseBack, kind }) => `${kind} of lease -${1 + leaseBack}`);
  const claims = wanted === null ? [] : [`claim ${wanted.slots}${wanted.freshOnly ? ' fresh' : ''}`];
  return `relayer ${slot}: ${[...settles, ...claims].join(', ') || 'nothing'}`;
}
