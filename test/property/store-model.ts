// The store as it should be, in plain TypeScript: what each verb does to the events, and nothing about how. Read it as
// the specification of the state machine. Where a store may choose (see `Choice`), the model says between what.
import type { ClaimRequest, RedriveFilter, Settlement, WaitReason } from '../../apps/outbox/store.ts';

export interface ModelEvent {
  readonly seq: number;
  status: 'pending' | 'processed' | 'dead';
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

const firstBackoffMs = 1_000;
const longestBackoffMs = 300_000;

export class StoreModel {
  readonly events = new Map<number, ModelEvent>();

  /** A plain INSERT: due at once, and before everything that was ever delayed. */
  append(seq: number): void {
    this.events.set(seq, {
      seq,
      status: 'pending',
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

  /** The only way back to pending: as if new, but its last error is kept for people to read. */
  redrive(filter: RedriveFilter & { readonly seq?: number }, limit: number): number {
    const chosen = [...this.events.values()].filter((event) => isRedriven(event, filter)).slice(0, limit);
    for (const event of chosen) {
      event.status = 'pending';
      event.availableAtMs = 0;
      event.waitReason = null;
      event.attempts = 0;
      event.claims = 0;
      event.gateway = null;
      event.processedAtMs = null;
    }
    return chosen.length;
  }

  /** Only processed events are ever deleted, oldest first. */
  prune(beforeMs: number, limit: number): number {
    const old = [...this.events.values()]
      .filter(({ status }) => status === 'processed')
      .filter(({ processedAtMs }) => (processedAtMs ?? 0) < beforeMs)
      .sort((a, b) => (a.processedAtMs ?? 0) - (b.processedAtMs ?? 0) || a.seq - b.seq)
      .slice(0, limit);
    for (const { seq } of old) this.events.delete(seq);
    return old.length;
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
      discarded: 0,
    };
  }

  #pending(): ModelEvent[] {
    return [...this.events.values()].filter(({ status }) => status === 'pending');
  }
}

function isRedriven(event: ModelEvent, filter: RedriveFilter & { readonly seq?: number }): boolean {
  switch (filter.kind) {
    case 'dead':
      return event.status === 'dead';
    case 'id':
      return event.status === 'dead' && event.seq === filter.seq;
    case 'gateway':
      return event.status === 'processed' && event.gateway === filter.gateway;
    default:
      return filter satisfies never;
  }
}
