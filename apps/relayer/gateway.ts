// Convoy as seen from here: a pure state machine. It decides how many events may be in flight and when to look
// again; it sends nothing and keeps no time of its own. All instants are monotonic milliseconds.
import type { Outcome } from './outcome.ts';

export type Gateway =
  /** `failing`: distinct events unavailable in a row, with no acceptance between. */
  | { readonly kind: 'open'; readonly failing: readonly number[] }
  | {
      readonly kind: 'paused';
      readonly reason: string;
      readonly pauseMs: number;
      readonly probeAtMs: number;
      /** From then on an event never delayed may probe early; infinite while a Retry-After forbids it. */
      readonly freshProbeAtMs: number;
    }
  /** One event is on its way to find out. */
  | { readonly kind: 'probing'; readonly reason: string; readonly pauseMs: number; readonly seq: number }
  /** Healthy again; `slots` doubles with each round in which as many were accepted. */
  | {
      readonly kind: 'ramping';
      readonly slots: number;
      readonly acceptedInRound: number;
      readonly failing: readonly number[];
    };

export const openGateway: Gateway = { kind: 'open', failing: [] };

/** So many distinct events in a row make an outage: what one bad event in a quiet system is answered never does. */
const failingToPause = 5;
const firstPauseMs = 1_000;
/** Between two probes. */
export const longestPauseMs = 30_000;
const freshProbeEveryMs = 1_000;

/** How many events may be in flight now, and whether only events that were never delayed may be taken. */
export function allowance(gateway: Gateway, limits: { readonly slots: number; readonly nowMs: number }) {
  switch (gateway.kind) {
    case 'open':
      return { slots: limits.slots, freshOnly: false };
    case 'ramping':
      return { slots: Math.min(gateway.slots, limits.slots), freshOnly: false };
    case 'probing':
      return { slots: 0, freshOnly: false };
    case 'paused':
      if (limits.nowMs >= gateway.probeAtMs) return { slots: 1, freshOnly: false };
      return { slots: limits.nowMs >= gateway.freshProbeAtMs ? 1 : 0, freshOnly: true };
    default:
      return gateway satisfies never;
  }
}

/** The next instant at which `allowance` changes by itself, or null. */
export function nextChangeMs(gateway: Gateway, nowMs: number): number | null {
  if (gateway.kind !== 'paused') return null;
  const future = [gateway.freshProbeAtMs, gateway.probeAtMs].filter(
    (atMs) => atMs > nowMs && Number.isFinite(atMs),
  );
  return future.length === 0 ? null : Math.min(...future);
}

/** A paused gateway whose probe was claimed is probing. */
export function probeStarted(gateway: Gateway, seq: number): Gateway {
  if (gateway.kind !== 'paused') return gateway;
  return { kind: 'probing', reason: gateway.reason, pauseMs: gateway.pauseMs, seq };
}

/** The probe ended without being sent (its event was unfit): the next one may go at once. */
export function probeUnsent(
  gateway: Gateway,
  answer: { readonly seq: number; readonly nowMs: number },
): Gateway {
  if (gateway.kind !== 'probing' || gateway.seq !== answer.seq) return gateway;
  const { reason, pauseMs } = gateway;
  return { kind: 'paused', reason, pauseMs, probeAtMs: answer.nowMs, freshProbeAtMs: answer.nowMs };
}

/** Takes an outcome into account. `slots` is the full number, at which ramping ends. */
export function observe(
  gateway: Gateway,
  answer: { readonly seq: number; readonly outcome: Outcome; readonly nowMs: number; readonly slots: number },
): Gateway {
  switch (answer.outcome.kind) {
    case 'accepted':
      return accepted(gateway, answer);
    case 'rejected':
      // Convoy is there and judges: enough to end a probe, no sign of health otherwise.
      return gateway.kind === 'probing' && gateway.seq === answer.seq ? startRamp : gateway;
    case 'unavailable':
      return unavailable(gateway, { ...answer, outcome: answer.outcome });
    default:
      return answer.outcome satisfies never;
  }
}

const startRamp: Extract<Gateway, { kind: 'ramping' }> = {
  kind: 'ramping',
  slots: 1,
  acceptedInRound: 0,
  failing: [],
};

function accepted(gateway: Gateway, answer: { readonly nowMs: number; readonly slots: number }): Gateway {
  switch (gateway.kind) {
    case 'open':
      return gateway.failing.length === 0 ? gateway : openGateway;
    case 'paused':
      // A late answer to an event sent before the pause. It proves life, unless Convoy itself asked us to wait.
      return Number.isFinite(gateway.freshProbeAtMs) ? startRamp : gateway;
    case 'probing':
      return { ...startRamp, slots: Math.min(2, answer.slots) };
    case 'ramping': {
      const acceptedInRound = gateway.acceptedInRound + 1;
      if (acceptedInRound < gateway.slots) return { ...gateway, acceptedInRound, failing: [] };
      const slots = gateway.slots * 2;
      return slots >= answer.slots
        ? openGateway
        : { kind: 'ramping', slots, acceptedInRound: 0, failing: [] };
    }
    default:
      return gateway satisfies never;
  }
}

type UnavailableAnswer = {
  readonly seq: number;
  readonly outcome: Extract<Outcome, { kind: 'unavailable' }>;
  readonly nowMs: number;
};

function unavailable(gateway: Gateway, answer: UnavailableAnswer): Gateway {
  const { outcome, nowMs, seq } = answer;
  switch (gateway.kind) {
    case 'probing':
      if (gateway.seq !== seq) return gateway;
      return pause(answer, Math.min(gateway.pauseMs * 2, longestPauseMs));
    case 'paused': {
      if (outcome.retryAfterMs === null) return gateway;
      const probeAtMs = Math.max(gateway.probeAtMs, nowMs + outcome.retryAfterMs);
      return { ...gateway, probeAtMs, freshProbeAtMs: Number.POSITIVE_INFINITY };
    }
    case 'open':
    case 'ramping': {
      const failing = gateway.failing.includes(seq) ? gateway.failing : [...gateway.failing, seq];
      const enough = gateway.kind === 'open' ? failingToPause : Math.min(failingToPause, gateway.slots);
      const isTold = outcome.retryAfterMs !== null || outcome.check !== null;
      if (isTold || isGone(gateway.failing, answer) || failing.length >= enough) {
        return pause(answer, firstPauseMs);
      }
      return gateway.kind === 'open'
        ? { kind: 'open', failing }
        : { ...gateway, acceptedInRound: 0, failing };
    }
    default:
      return gateway satisfies never;
  }
}

/**
 * Nothing is there that could take an event, whichever it is: no connection could be made, or the one of this event was
 * cut twice and nothing was accepted in between. Cut once may be an idle connection that Convoy was just closing.
 */
function isGone(failing: readonly number[], { seq, outcome }: UnavailableAnswer): boolean {
  return outcome.reach === 'unreached' || (outcome.reach === 'cut' && failing.includes(seq));
}

function pause({ outcome, nowMs }: UnavailableAnswer, pauseMs: number): Gateway {
  const asked = outcome.retryAfterMs;
  return {
    kind: 'paused',
    reason: outcome.reason,
    pauseMs,
    probeAtMs: nowMs + Math.max(asked ?? 0, pauseMs),
    freshProbeAtMs: asked === null ? nowMs + freshProbeEveryMs : Number.POSITIVE_INFINITY,
  };
}
