// Lease ids: the relayer's slot, a token of the process, a counter. The slot comes first, zero-padded and
// delimited, so that all leases of one slot are one range of the index.

/** Highest number of relayers on one database. */
export const maxSlots = 64;

/** The names of all slots, `00` to `63`. */
export function slotNames(): readonly string[] {
  return Array.from({ length: maxSlots }, (_, slotNumber) => String(slotNumber).padStart(2, '0'));
}

/**
 * Makes lease ids never used before by anyone: `token` must be unique to the process. The slot is read for each: a process may hold one after
 * the other.
 */
export function leaseIds(holder: { readonly slot: string; readonly token: string }): () => string {
  let counter = 0;
  return () => {
    counter += 1;
    return `${holder.slot}:${holder.token}:${counter.toString(36)}`;
  };
}

/** Bounds of lease ids: from (inclusive) and to (exclusive; `;` follows `:` in ASCII). */
export interface LeaseRange {
  readonly from: string;
  readonly to: string;
}

/** Those of a slot. */
export function leaseRange(slot: string): LeaseRange {
  return { from: `${slot}:`, to: `${slot};` };
}

/** Those of one process in a slot; of no process, an empty range. */
export function ownLeaseRange(slot: string, token: string | undefined): LeaseRange {
  return token === undefined ? { from: '', to: '' } : leaseRange(`${slot}:${token}`);
}
