// Lease ids: the relayer's slot, a token of the process, a counter. The slot comes first, zero-padded and
// delimited, so that all leases of one slot are one range of the index.

/** Highest number of relayers on one database. */
export const maxSlots = 64;

/** The names of all slots, `00` to `63`. */
export function slotNames(): readonly string[] {
  return Array.from({ length: maxSlots }, (_, slotNumber) => String(slotNumber).padStart(2, '0'));
}

/** Makes lease ids never used before by anyone: `token` must be unique to the process. */
export function leaseIds(holder: { readonly slot: string; readonly token: string }): () => string {
  let counter = 0;
  return () => {
    counter += 1;
    return `${holder.slot}:${holder.token}:${counter.toString(36)}`;
  };
}

/** Bounds of a slot's lease ids: from (inclusive) and to (exclusive; `;` follows `:` in ASCII). */
export function leaseRange(slot: string): { readonly from: string; readonly to: string } {
  return { from: `${slot}:`, to: `${slot};` };
}
