// Which slot each relayer has, by the locks that its process holds. Pure.
import type { Facts } from '../facts.ts';

type Slots = Awaited<ReturnType<Facts['relayerSlots']>>;

export interface HeldSlot {
  readonly pid: number;
  readonly slot: string;
}

/**
 * A relayer whose session was lost holds another slot than it started with; none at all for a moment. One that takes over from a dead one
 * holds that one's slot for a moment, too: its own is the one that it was seen with before.
 */
export function slotsNow(seen: {
  /** As they reported it. */
  readonly started: Slots;
  /** As it was at the last look. */
  readonly before: Slots;
  readonly held: readonly HeldSlot[];
}): Slots {
  const now = new Map(seen.started);
  for (const [pid, start] of seen.started) {
    const slots = seen.held.filter((one) => one.pid === pid).map(({ slot }) => slot);
    const last = seen.before.get(pid);
    const known = last?.atMs === start.atMs ? last.slot : start.slot;
    const [other = known] = slots;
    now.set(pid, { ...start, slot: slots.includes(known) ? known : other });
  }
  return now;
}
