// The part of the store that reconciling with Convoy needs: what was accepted in a period, and which keys are known here. It
// changes nothing.
import type { AcceptancePlace } from './confirm-verbs.ts';

/** An event that a gateway has accepted. */
export interface AcceptedEvent {
  readonly seq: number;
  /** The idempotency key. */
  readonly key: string;
  /** Epoch ms. */
  readonly acceptedAtMs: number;
}

export interface AuditVerbs {
  /**
   * What a gateway accepted, confirmed or not as asked, in the order of acceptance: those that follow `after` and were
   * accepted before `beforeMs`, at most `limit`.
   */
  accepted(request: {
    readonly gateway: string;
    readonly which: 'confirmed' | 'unconfirmed';
    readonly after: AcceptancePlace;
    readonly beforeMs: number;
    readonly limit: number;
  }): Promise<readonly AcceptedEvent[]>;
  /** Those of the keys whose event is here, in whatever state and under whatever key it is now. */
  known(keys: readonly string[]): Promise<readonly string[]>;
}
