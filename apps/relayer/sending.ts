// What happens to one claimed event: refused unsent, or sent once, and judged. It turns an event into its settlement
// and tells the gateway's state machine and the history what it saw; it knows nothing of turns.
import type { Clock } from '../outbox/clock.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import { problemOfEvent } from '../outbox/event-rules.ts';
import type { Log } from '../outbox/log.ts';
import type { ClaimedEvent, Settlement } from '../outbox/store.ts';
import { type FailedDelivery, tellFailure } from './failure-log.ts';
import type { History } from './history.ts';
import type { FailedOutcome, Outcome } from './outcome.ts';
import type { OwnerGuard } from './owner-guard.ts';
import {
  deadUnsent,
  heldBack,
  heldByMistake,
  type Policy,
  processed,
  settlementFor,
  unclaimed,
} from './settlement.ts';

export interface SendingOptions extends Policy {
  readonly leaseMs: number;
  readonly requestTimeoutMs: number;
  /** An event claimed more often than this without an outcome has killed its relayer each time. */
  readonly maxInterruptions: number;
}

export interface SendingParts {
  readonly deliver: (event: ClaimedEvent, timeoutMs: number) => Promise<Outcome>;
  /** Told of each outcome, and how long it took. */
  readonly onOutcome?: (event: ClaimedEvent, outcome: Outcome, tookMs: number) => void;
  readonly history: History;
  /** Holds back what Convoy would burn; without it everything is sent. */
  readonly owners?: OwnerGuard;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What came of a claimed event. */
export interface Sent {
  readonly settlement: Settlement;
  /** What the gateway learns from it; null when it was not sent, or when this process slept over the answer. */
  readonly outcome: Outcome | null;
}

interface Claim {
  readonly event: ClaimedEvent;
  readonly claimedAtMs: number;
}

/** Convoy's intake takes about 1.2 ms per KB; a large body may take longer than the timeout alone. */
const extraTimeoutMsPerKb = 2;
/** A deadline that fires so much too late means that this process stood still, not that Convoy was slow. */
const stoodStillMs = 1_000;

/** Sends an event claimed at `claimedAtMs` (monotonic), unless it must not be sent. Never rejects. */
export async function send(claim: Claim, parts: SendingParts, options: SendingOptions): Promise<Sent> {
  const { event } = claim;
  try {
    const refusal = reasonNotToSend(event, options);
    if (refusal !== null) {
      parts.log.error('event dead, never sent', { event: event.id, reason: refusal });
      return unsent(deadUnsent(event, refusal));
    }
    const admission = parts.owners?.admit(event.businessId) ?? null;
    // Most owners are known, and their events wait for nothing.
    const hold = admission instanceof Promise ? await admission : admission;
    if (hold !== null) return unsent(heldBack(event, hold));

    crashPoint('relayer:before-send');
    const startedMs = parts.clock.monotonicMs();
    const timeoutMs = timeoutOf(claim, startedMs, options);
    if (timeoutMs === null) return unsent(unclaimed(event));
    const outcome = await parts.deliver(event, timeoutMs);
    const answeredMs = parts.clock.monotonicMs();
    const tookMs = answeredMs - startedMs;
    parts.onOutcome?.(event, outcome, tookMs);
    if (outcome.kind === 'accepted') {
      crashPoint('relayer:after-acceptance');
      parts.history.accepted(event.seq, answeredMs);
      return { settlement: processed(event, options), outcome };
    }
    if (outcome.kind === 'unavailable' && tookMs > timeoutMs + stoodStillMs) {
      const fields = { event: event.id, reason: outcome.reason, took_ms: Math.round(tookMs) };
      parts.log.debug('this process stood still, event will be sent again', fields);
      return unsent(unclaimed(event));
    }
    return judge({ event, outcome, tookMs: Math.round(tookMs) }, parts, options);
  } catch (error) {
    // A mistake of ours, which may hit every event: it must neither stop the others nor make one dead.
    const reason = `could not be sent: ${placeOf(error)}`;
    parts.log.error('event held, this program made a mistake', { event: event.id, reason });
    return unsent(heldByMistake(event, parts.clock.nowMs(), reason));
  }
}

/** What the gateway learns nothing from. */
function unsent(settlement: Settlement): Sent {
  return { settlement, outcome: null };
}

/** Without the message, which may quote the payload. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const frame = /^ +at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return `${error.name} ${frame}`.trim();
}

/** How long the request may take. Null when the event is too old to be sent under this lease. */
function timeoutOf({ event, claimedAtMs }: Claim, nowMs: number, options: SendingOptions): number | null {
  const { leaseMs, requestTimeoutMs } = options;
  const leftMs = leaseMs - (nowMs - claimedAtMs);
  // This process slept, or its clock and the lease's disagree. Looked at last, so that a sleep before is seen; one that comes
  // after is seen by the deliverer, just before it writes.
  if (leftMs <= requestTimeoutMs) return null;
  const payloadKb = (event.payload ?? '').length / 1024;
  return Math.min(requestTimeoutMs + payloadKb * extraTimeoutMsPerKb, leftMs);
}

function reasonNotToSend(event: ClaimedEvent, options: SendingOptions): string | null {
  if (event.claims > options.maxInterruptions) {
    return `interrupted ${event.claims - 1} times: each relayer that held it died`;
  }
  if (event.payload === null) return 'payload: not JSON';
  return problemOfEvent({
    businessId: event.businessId,
    eventType: event.eventType,
    payloadText: event.payload,
    headersText: event.headers,
    idempotencyKey: event.id + event.keySuffix,
  });
}

/** What follows from an answer that is no acceptance. */
function judge(failed: FailedDelivery, parts: SendingParts, policy: Policy): Sent {
  const { event, outcome } = failed;
  const { history, clock } = parts;
  const isRejection = outcome.kind === 'rejected';
  const reach = isRejection ? 'reached' : outcome.reach;
  const evidence = history.failed({ seq: event.seq, isRejection, reach, nowMs: clock.monotonicMs() });
  const verdict = { event, outcome, evidence, nowMs: clock.nowMs(), random: parts.random() };
  const settlement = settlementFor(verdict, policy);
  if (settlement.kind === 'dead') history.forget(event.seq);
  tellFailure({ ...failed, evidence, settlement }, parts.log);
  return { settlement, outcome: evidence.isSuspect ? withoutOrders(outcome) : outcome };
}

/** A suspect's answer is about the event: neither a wrong setting nor a Retry-After in it closes the gateway to others. */
function withoutOrders(outcome: FailedOutcome): FailedOutcome {
  return outcome.kind === 'unavailable' ? { ...outcome, retryAfterMs: null, check: null } : outcome;
}
