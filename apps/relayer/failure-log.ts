// What people are told of an event that was sent and not accepted. It decides nothing.
import type { Log } from '../outbox/log.ts';
import type { ClaimedEvent } from '../outbox/store.ts';
import type { Evidence } from './history.ts';
import type { FailedOutcome } from './outcome.ts';
import type { Unprocessed } from './settlement.ts';

/** An event that was sent and not accepted. */
export interface FailedDelivery {
  readonly event: ClaimedEvent;
  readonly outcome: FailedOutcome;
  /** From just before it was sent to its outcome. */
  readonly tookMs: number;
}

/** What was made of it. */
interface Judgement extends FailedDelivery {
  readonly evidence: Evidence;
  readonly settlement: Unprocessed;
}

/** From so many failures in a row on, an event nobody could blame is shown as suspect. */
const suspectFailures = 3;

/** Says what becomes of the event, and why. */
export function tellFailure(judgement: Judgement, log: Log): void {
  const { event, settlement, tookMs } = judgement;
  switch (settlement.kind) {
    case 'retry':
      return log.warn('event failed, will be tried again', {
        event: event.id,
        attempt: event.attempts + 1,
        reason: settlement.error,
        took_ms: tookMs,
      });
    case 'dead':
      return log.error('event dead', {
        event: event.id,
        attempts: event.attempts + 1,
        reason: settlement.error,
        took_ms: tookMs,
      });
    case 'released':
      return tellReleased(judgement, log);
    default:
      return settlement satisfies never;
  }
}

function tellReleased({ event, outcome, evidence, tookMs }: Judgement, log: Log): void {
  const { failures } = evidence;
  const fields = { event: event.id, failures, reason: outcome.reason, took_ms: tookMs };
  const isOften = failures >= suspectFailures;
  if (outcome.kind === 'rejected') {
    const message = 'event rejected, held until another event is accepted';
    if (isOften) log.error(message, fields);
    else log.warn(message, fields);
  } else if (evidence.isSuspect || (evidence.isAlone && isOften && outcome.reach === 'reached')) {
    // Alone and answered so again and again counts too: in a quiet system nothing else will ever speak against it.
    log.warn('event is suspect, no attempt counted', fields);
  } else {
    log.debug('event waits for the gateway, no attempt counted', fields);
  }
}
