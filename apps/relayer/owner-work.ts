// Carries the owner guard's answers into the database, a batch an owner and turn: holding what belongs to an owner
// without an endpoint, letting go what waited for one that has.
import type { OutboxStore } from '../outbox/store.ts';
import type { OwnerWork } from './owner-guard.ts';

const batchEvents = 500;

/** Does a batch of each; returns what has to go on in a later turn. */
export async function doOwnerWork(
  store: Pick<OutboxStore, 'holdOwner' | 'releaseOwner'>,
  work: readonly OwnerWork[],
  nowMs: number,
): Promise<readonly OwnerWork[]> {
  const left: OwnerWork[] = [];
  for (const item of work) {
    // What would be held until a moment that has passed is due as it is: the next look at it asks again.
    if (item.kind === 'hold' && item.availableAtMs <= nowMs) continue;
    const batch = { nowMs, limit: batchEvents };
    const events = await (item.kind === 'hold'
      ? store.holdOwner({ ...item, ...batch })
      : store.releaseOwner({ ...item, ...batch }));
    if (events >= batchEvents) left.push(item);
  }
  return left;
}
