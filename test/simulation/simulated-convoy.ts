// Convoy as a scenario wants it: what it does with a request depends on when the request arrives, and on the event.
import type { Outcome, Unavailable } from '../../apps/relayer/outcome.ts';
import type { EventKind, Phase, Scenario } from './scenario.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** What becomes of a request: whether Convoy has the event, and the reply, if there is one, after a while. */
export interface Treatment {
  readonly isAccepted: boolean;
  readonly reply: { readonly outcome: Outcome; readonly afterMs: number } | null;
}

const healthy: Phase = { fromMs: 0, kind: 'healthy', share: 1, retryAfterMs: 0 };

export function unavailable(reason: string, change: Partial<Unavailable> = {}): Unavailable {
  return { kind: 'unavailable', reason, reach: 'reached', retryAfterMs: null, check: null, ...change };
}

export class SimulatedConvoy {
  readonly #scenario: Scenario;
  readonly #time: SimulatedTime;
  readonly #startMs: number;

  constructor(scenario: Scenario, time: SimulatedTime) {
    this.#scenario = scenario;
    this.#time = time;
    this.#startMs = time.monotonicMs;
  }

  /** How it behaves now. */
  get phase(): Phase {
    const atMs = this.#time.monotonicMs - this.#startMs;
    if (atMs >= this.#scenario.healAtMs) return healthy;
    return this.#scenario.phases.findLast(({ fromMs }) => fromMs <= atMs) ?? healthy;
  }

  /** Decides when the request has arrived. */
  treat(kind: EventKind): Treatment {
    const time = this.#time;
    const { phase } = this;
    const isConcerned = time.random() < phase.share;
    const afterMs = time.some(0.2, 20);
    const answer = (outcome: Outcome) => ({
      isAccepted: outcome.kind === 'accepted',
      reply: { outcome, afterMs },
    });
    const judged = answer(judgementOf(kind));
    if (!isConcerned) return judged;
    switch (phase.kind) {
      case 'healthy':
        return judged;
      case 'down':
        return answer(unavailable('connection refused', { reach: 'unreached' }));
      case 'failing':
        return answer(unavailable('HTTP 503'));
      case 'hanging':
        return { isAccepted: false, reply: null };
      case 'slow': {
        const slowMs = time.some(0, 1.5 * this.#scenario.requestTimeoutMs);
        return { ...judged, reply: { ...judged.reply, afterMs: slowMs } };
      }
      case 'limiting':
        return answer(unavailable('HTTP 429', { retryAfterMs: phase.retryAfterMs }));
      case 'refusing':
        return answer(unavailable('HTTP 401', { check: 'CONVOY_API_KEY' }));
      case 'losing replies': {
        const reset = { outcome: unavailable('connection reset', { reach: 'cut' }), afterMs };
        return { isAccepted: judged.isAccepted, reply: time.random() < 0.5 ? reset : null };
      }
      case 'rejecting':
        return answer({ kind: 'rejected', reason: 'HTTP 400: body must be something else' });
      default:
        return phase.kind satisfies never;
    }
  }
}

function judgementOf(kind: EventKind): Outcome {
  switch (kind) {
    case 'rejected':
      return { kind: 'rejected', reason: 'HTTP 400: body must not be empty' };
    case 'failing':
      return unavailable('HTTP 500');
    case 'refused':
      return unavailable('HTTP 403', { check: 'CONVOY_API_KEY' });
    case 'good':
    case 'killing':
      return { kind: 'accepted' };
    default:
      return kind satisfies never;
  }
}
