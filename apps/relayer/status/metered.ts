// The loop's seams, turn and permission to claim, with meters on them: the loop itself does not know that it is watched.
import type { Clock } from '../../outbox/clock.ts';
import type { OutboxStore } from '../../outbox/store.ts';
import type { Relayer } from '../relayer.ts';
import type { Meters } from './meters.ts';

/** The same store, its turns counted and timed. */
export function meteredStore<Store extends OutboxStore>(
  store: Store,
  { meters, clock }: { readonly meters: Meters; readonly clock: Clock },
): Store {
  return {
    ...store,
    async turn(request) {
      const startedMs = clock.monotonicMs();
      meters.turnBegan();
      try {
        const result = await store.turn(request);
        const { settlements } = request;
        const tookMs = clock.monotonicMs() - startedMs;
        meters.turned({ settlements, claimed: result.claimed.length, tookMs });
        return result;
      } catch (error) {
        meters.turnFailed();
        throw error;
      }
    },
  };
}

/** What lets the relayer claim while it holds a slot, and not while it has none. */
export function meteredClaims(relayer: Pick<Relayer, 'hold'>, meters: Meters): (isAllowed: boolean) => void {
  return (isAllowed) => {
    meters.hold(isAllowed ? null : 'no relayer slot');
    relayer.hold(!isAllowed);
  };
}
