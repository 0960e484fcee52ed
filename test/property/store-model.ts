// The store as it should be, in plain TypeScript: what each verb does to the events, and nothing about how. Read it as
// the specification of the state machine. Where a store may choose (see `Choice`), the model says between what.
import type { SeenEvent } from '../../apps/outbox/operator-verbs.ts';
import type { ClaimRequest, Settlement } from '../../apps/outbox/store.ts';
import { type Choice, type ModelEvent, suffixOf } from './model-event.ts';

const firstBackoffMs = 1_000;
const longestBackoffMs = 300_000;

export class StoreModel {
  readonly events = new Map<number, ModelEvent>();

  /** A plain INSERT: due at once, and before everything that was ever delayed. */
  append(seq: number): void {
    this.events.set(seq, {
      seq,
      status: 'pending',
      newKeys: 0,
      availableAtMs: 0,
      leaseId: null,
      attempts: 0,
      claims: 0,
      waitReason: null,
      gateway: null,
      lastError: null,
      processedAtMs: null,
    });
  }

  /** Only the holder of the lease settles; whoever lost it changes nothing. Returns whether it was held. */
  settle(settlement: Settlement, nowMs: number): boolean {
    const event = this.events.get(settlement.seq);
    if (event === undefined || event.leaseId !== settlement.leaseId) return false;
    event.leaseId = null;
    switch (settlement.kind) {
      case 'processed':
        event.status = 'processed';
        event.processedAtMs = nowMs;
        event.gateway = settlement.gateway;
        event.lastError = null;
        event.claims = 0;
        return true;
      case 'retry':
        event.attempts += 1;
        event.claims = 0;
        event.availableAtMs = settlement.availableAtMs;
        event.waitReason = 'retry';
        event.lastError = settlement.error;
        return true;
      case 'dead':
        event.status = 'dead';
        event.attempts += settlement.countsAttempt ? 1 : 0;
        event.claims = 0;
        event.lastError = settlement.error;
        return true;
      case 'released':
        // Unsent takes back its own claim; an answer, even "not now", clears the crash counter. No attempt either way.
        event.claims = settlement.claim === 'unsent' ? Math.max(event.claims - 1, 0) : 0;
        event.availableAtMs = settlement.availableAtMs;
        event.waitReason = settlement.waitReason;
        event.lastError = settlement.error ?? event.lastError;
        return true;
      default:
        return settlement satisfies never;
    }
  }

  /** What has been due the longest goes first. An expired lease counts as due: its event may be claimed by anybody. */
  claim(request: ClaimRequest): readonly ModelEvent[] {
    const claimed = this.#pending()
      .filter(({ availableAtMs }) => availableAtMs <= request.dueByMs)
      .filter(({ seq }) => !request.exceptSeqs.includes(seq))
      .sort((a, b) => a.availableAtMs - b.availableAtMs || a.seq - b.seq)
      .slice(0, request.slots);
    for (const event of claimed) {
      event.leaseId = request.leaseId;
      event.availableAtMs = request.leaseEndsAtMs;
      event.claims += 1;
      event.waitReason = null;
    }
    return claimed.sort((a, b) => a.seq - b.seq);
  }

  /** Exactly the leases of that slot end. The crash counter stays, and decides how soon each event may be claimed. */
  takeOver(slot: string, nowMs: number): readonly Choice[] {
    const orphans = this.#pending().filter(({ leaseId }) => leaseId?.startsWith(`${slot}:`));
    return orphans.map((event) => {
      event.leaseId = null;
      event.waitReason = null;
      if (event.claims <= 1) return { seq: event.seq, earliestMs: 0, latestMs: 0 };
      const backoffMs = Math.min(firstBackoffMs * 2 ** (event.claims - 2), longestBackoffMs);
      return {
        seq: event.seq,
        earliestMs: nowMs + Math.floor(backoffMs * 0.5),
        latestMs: nowMs + Math.ceil(backoffMs * 1.5),
      };
    });
  }

  /** Up to `limit` of those that wait for the gateway become due now; which of them, the store may choose. */
  resume(nowMs: number): readonly Choice[] {
    return this.#pending()
      .filter(({ leaseId, waitReason }) => leaseId === null && waitReason === 'gateway')
      .filter(({ availableAtMs }) => availableAtMs > nowMs)
      .map(({ seq }) => ({ seq, earliestMs: nowMs, latestMs: nowMs }));
  }

  /**
   * The only way back to pending, for those that are still what the person saw: as if new, but the last error is kept for
   * people to read.
   */
  redrive(events: readonly SeenEvent[], keys: 'same' | 'new'): readonly number[] {
    const chosen = this.#asSeen(events).filter(({ status }) => status !== 'pending');
    for (const event of chosen) {
      event.status = 'pending';
      event.newKeys += keys === 'new' ? 1 : 0;
      event.availableAtMs = 0;
      event.waitReason = null;
      event.attempts = 0;
      event.claims = 0;
      event.gateway = null;
      event.processedAtMs = null;
    }
    return chosen.map(({ seq }) => seq);
  }

  /** The other end beside `processed`: a person gives up what is dead, or pending in nobody's hands. */
  discard(events: readonly SeenEvent[], reason: string): readonly number[] {
    const chosen = this.#asSeen(events).filter(({ status }) => status === 'dead' || status === 'pending');
    for (const event of chosen) {
      event.status = 'discarded';
      event.waitReason = null;
      event.lastError = `discarded: ${reason}${event.lastError === null ? '' : `; before: ${event.lastError}`}`;
    }
    return chosen.map(({ seq }) => seq);
  }

  /** Only processed events are ever deleted, oldest first; which of two that are as old as each other, the store may choose. */
  prunable(beforeMs: number): readonly { readonly seq: number; readonly processedAtMs: number }[] {
    return [...this.events.values()]
      .filter(({ status }) => status === 'processed')
      .map(({ seq, processedAtMs }) => ({ seq, processedAtMs: processedAtMs ?? 0 }))
      .filter(({ processedAtMs }) => processedAtMs < beforeMs)
      .sort((a, b) => a.processedAtMs - b.processedAtMs);
  }

  /** The earliest instant after `nowMs` at which something becomes due, ends of leases included. */
  nextDueAtMs(nowMs: number): number | null {
    const later = this.#pending()
      .map(({ availableAtMs }) => availableAtMs)
      .filter((atMs) => atMs > nowMs);
    return later.length === 0 ? null : Math.min(...later);
  }

  slotsWithLeases(): readonly string[] {
    const slots = [...this.events.values()].flatMap(({ leaseId }) => leaseId?.slice(0, 2) ?? []);
    return [...new Set(slots)].sort();
  }

  counts() {
    const all = [...this.events.values()];
    const count = (status: ModelEvent['status']) => all.filter((event) => event.status === status).length;
    const leased = all.filter(({ leaseId }) => leaseId !== null).length;
    return {
      pending: count('pending'),
      leased,
      processed: count('processed'),
      dead: count('dead'),
      discarded: count('discarded'),
    };
  }

  #pending(): ModelEvent[] {
    return [...this.events.values()].filter(({ status }) => status === 'pending');
  }

  #asSeen(events: readonly SeenEvent[]): ModelEvent[] {
    return events.flatMap((seen) => {
      const event = this.events.get(seen.seq);
      const isSame = event?.status === seen.status && suffixOf(event) === seen.keySuffix;
      return isSame && event.leaseId === null ? [event] : [];
    });
  }
}
