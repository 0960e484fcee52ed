// Turns of several relayers at the same instant. On SQLite one comes after the other; on PostgreSQL they are let loose together, and which
// relayer gets which event is the server's choice: the one thing in a sequence that its seed does not decide. So the model only says what
// any choice must keep, and takes over what was chosen.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ClaimRequest, Settlement, TurnResult } from '../../apps/outbox/store.ts';
import type { ModelEvent } from './model-event.ts';
import type { StoreModel } from './store-model.ts';
import { command } from './store-play.ts';
import { claimOf, nameOf, remember, settlementsOf, turnParts } from './store-turn.ts';

interface Taken {
  readonly settlements: readonly Settlement[];
  readonly claim: ClaimRequest;
  readonly result: TurnResult;
}

export const turnsTogether = fc
  .uniqueArray(fc.record(turnParts), { minLength: 2, maxLength: 3, selector: ({ slot }) => slot })
  .map((turns) =>
    command(
      turns.map((one) => nameOf(one.slot, one.settlements, one.claim)).join(', together with '),
      'turns',
      async (play, world) => {
        const { nowMs, model } = play;
        const asked = turns.map((one) => {
          const holder = world.holder(one.slot);
          const settlements = settlementsOf(play, one.settlements);
          return { ...one, holder, settlements, claim: claimOf(play, one.claim, { holder, settlements }) };
        });
        const results = await world.atOnce(
          asked.map(
            ({ holder, settlements, claim }) =>
              () =>
                holder.store.turn({ settlements, claim, nowMs }),
          ),
        );
        const taken = asked.flatMap((one, index) => {
          const result = results[index];
          return result === undefined ? [] : [{ ...one, result }];
        });
        takeOver(model, taken, nowMs);
        for (const { slot, holder, settlements, result } of taken) {
          remember(play, { slot, holder, settlements, claimed: result.claimed });
        }
      },
    ),
  );

/** Throws when no order and no choice explains what the turns did; else the model does the same. */
function takeOver(model: StoreModel, taken: readonly Taken[], nowMs: number): void {
  const before = new Map([...model.events].map(([seq, event]) => [seq, { ...event }]));
  const claimed = taken.flatMap(({ result }) => result.claimed.map(({ seq }) => seq));
  assert.equal(new Set(claimed).size, claimed.length, `events ${claimed} were claimed, one of them twice`);

  for (const { settlements, result } of taken) {
    for (const settlement of settlements) {
      if (result.lost.includes(settlement)) continue;
      assert(model.settle(settlement, nowMs), `event ${settlement.seq} was settled without its lease`);
    }
  }
  for (const { result } of taken) {
    for (const { seq, leaseId } of result.lost) {
      const isExplained = model.events.get(seq)?.leaseId !== leaseId || claimed.includes(seq);
      assert(isExplained, `event ${seq} was not settled though its lease was held`);
    }
  }
  const untouched = new Set(before.keys());
  for (const { settlements } of taken) for (const { seq } of settlements) untouched.delete(seq);
  for (const { claim, result } of taken) {
    assert(result.claimed.length <= claim.slots, `${result.claimed.length} events for ${claim.slots} slots`);
    for (const event of result.claimed) {
      const now = model.events.get(event.seq);
      const was = before.get(event.seq);
      assert(now !== undefined && was !== undefined, `event ${event.seq} is not there`);
      const isFree = isClaimable(was, claim) || isClaimable(now, claim);
      assert(isFree, `event ${event.seq} was claimed, and was not due`);
      now.leaseId = claim.leaseId;
      now.availableAtMs = claim.leaseEndsAtMs;
      now.claims += 1;
      now.waitReason = null;
      assert.deepEqual([event.attempts, event.claims], [now.attempts, now.claims], 'counters of a claim');
    }
    if (result.claimed.length === claim.slots) continue;
    const left = [...untouched].filter(
      (seq) => isClaimable(before.get(seq), claim) && !claimed.includes(seq),
    );
    assert.deepEqual(left, [], 'slots stayed free though these were due');
  }
}

function isClaimable(event: ModelEvent | undefined, claim: ClaimRequest): boolean {
  if (event?.status !== 'pending' || claim.exceptSeqs.includes(event.seq)) return false;
  return event.availableAtMs <= claim.dueByMs;
}
