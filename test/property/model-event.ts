// One event of the model, and what a store may choose about it.
import type { WaitReason } from '../../apps/outbox/event-state.ts';

export interface ModelEvent {
  readonly seq: number;
  status: 'pending' | 'processed' | 'dead' | 'discarded';
  /** How often a person gave it a new key. */
  newKeys: number;
  /** Not before; the end of the lease for a leased event. */
  availableAtMs: number;
  leaseId: string | null;
  attempts: number;
  claims: number;
  waitReason: WaitReason | null;
  gateway: string | null;
  lastError: string | null;
  processedAtMs: number | null;
}

/** What a store may choose: the model lists what is allowed, and takes over what the store then did. */
export interface Choice {
  readonly seq: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** The first new key is the second try. */
export function suffixOf({ newKeys }: ModelEvent): string {
  return newKeys === 0 ? '' : `~r${newKeys + 1}`;
}
