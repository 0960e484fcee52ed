// Answers as the gateway's state machine sees them, and a way to feed it many.
import { allowance, type Gateway, observe, openGateway } from '../apps/relayer/gateway.ts';
import type { Outcome, Unavailable } from '../apps/relayer/outcome.ts';

export const slots = 32;
export const accepted: Outcome = { kind: 'accepted' };
export const rejected: Outcome = { kind: 'rejected', reason: 'HTTP 400: body must not be empty' };

export function unavailable(change: Partial<Unavailable> = {}): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'HTTP 503',
    reach: 'reached',
    retryAfterMs: null,
    check: null,
    ...change,
  };
}

/** Feeds answers, one a millisecond from `startMs` on. */
export function feed(
  gateway: Gateway,
  answers: readonly (readonly [seq: number, outcome: Outcome])[],
  startMs = 0,
) {
  return answers.reduce(
    (state, [seq, outcome], index) => observe(state, { seq, outcome, nowMs: startMs + index, slots }),
    gateway,
  );
}

export function failuresOf(...seqs: readonly number[]) {
  return seqs.map((seq) => [seq, unavailable()] as const);
}

/** A gateway paused at 0 by five events. */
export const paused = feed(openGateway, failuresOf(1, 2, 3, 4, 5), -4);

export function allowed(gateway: Gateway, nowMs: number) {
  return allowance(gateway, { slots, nowMs });
}
