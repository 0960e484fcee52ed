// How a lease ends, given what came of sending the event and what is known against it: a pure decision. An attempt is
// counted only on evidence that the event itself is at fault, so that no outage ever makes an event dead.
import type { ClaimedEvent, Settlement } from '../outbox/store.ts';
import { backoffMs, longestBackoffMs } from './backoff.ts';
import { longestPauseMs } from './gateway.ts';
import type { Evidence } from './history.ts';
import type { FailedOutcome } from './outcome.ts';

export interface Policy {
  /** URL of the project that accepts events; kept with each processed event. */
  readonly gateway: string;
  /** Counted failures that make an event dead. */
  readonly maxAttempts: number;
}

export interface Verdict {
  readonly event: ClaimedEvent;
  readonly outcome: FailedOutcome;
  readonly evidence: Evidence;
  readonly nowMs: number;
  /** In [0, 1); spreads the backoff. */
  readonly random: number;
}

/** How a lease ends whose event is not done. */
export type Unprocessed = Exclude<Settlement, { readonly kind: 'processed' }>;

/** The settlement of an event that was accepted. */
export function processed({ seq, leaseId }: ClaimedEvent, { gateway }: Policy): Settlement {
  return { seq, leaseId, kind: 'processed', gateway };
}

/** The settlement of an event that was not. */
export function settlementFor(
  { event, outcome, evidence, nowMs, random }: Verdict,
  policy: Policy,
): Unprocessed {
  const lease = { seq: event.seq, leaseId: event.leaseId };
  const failures = Math.max(evidence.failures, event.attempts + 1);
  const retryAfterMs = outcome.kind === 'unavailable' ? (outcome.retryAfterMs ?? 0) : 0;
  const isUnreached = outcome.kind === 'unavailable' && outcome.reach === 'unreached';
  // What the gateway alone is to blame for is there for each of its probes, however often it failed before.
  const longestMs = isUnreached ? longestPauseMs : Number.POSITIVE_INFINITY;
  const availableAtMs = nowMs + Math.max(Math.min(backoffMs(failures, random), longestMs), retryAfterMs);
  const error = outcome.reason;

  if (evidence.isBlamed) {
    const isLast = event.attempts + 1 >= policy.maxAttempts;
    return isLast
      ? { ...lease, kind: 'dead', error, countsAttempt: true }
      : { ...lease, kind: 'retry', availableAtMs, error };
  }
  // What waits for the gateway is due as soon as that reopens. A suspect would close it again at once.
  const isAboutEvent = outcome.kind === 'rejected' || evidence.isSuspect;
  const waitReason = isAboutEvent ? 'evidence' : 'gateway';
  return { ...lease, kind: 'released', availableAtMs, waitReason, error, claim: 'answered' };
}

/** The settlement of an event that must not be sent at all. */
export function deadUnsent(event: ClaimedEvent, error: string): Settlement {
  return { seq: event.seq, leaseId: event.leaseId, kind: 'dead', error, countsAttempt: false };
}

/** Gives a lease back until there is an endpoint for the event's owner: nothing was sent. */
export function heldBack(
  event: ClaimedEvent,
  hold: { readonly availableAtMs: number; readonly reason: string },
): Settlement {
  const { seq, leaseId } = event;
  const { availableAtMs, reason: error } = hold;
  return { seq, leaseId, kind: 'released', availableAtMs, waitReason: 'endpoint', error, claim: 'unsent' };
}

/** Gives a lease back for as long as the longest backoff: sending it failed before it could be judged. */
export function heldByMistake(event: ClaimedEvent, nowMs: number, error: string): Settlement {
  const { seq, leaseId } = event;
  const availableAtMs = nowMs + longestBackoffMs;
  return { seq, leaseId, kind: 'released', availableAtMs, waitReason: 'evidence', error, claim: 'answered' };
}

/** Gives a lease back as if it had never been claimed: at a stop, or when it is too old to send under. */
export function unclaimed(event: ClaimedEvent): Settlement {
  const { seq, leaseId } = event;
  return { seq, leaseId, kind: 'released', availableAtMs: 0, waitReason: null, error: null, claim: 'unsent' };
}
