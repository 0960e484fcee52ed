// What this process has done since it started, in plain numbers that the loop can afford to keep. Nothing here knows how they
// are shown, and nothing is counted twice: what the database knows is asked there.
import type { Clock } from '../../outbox/clock.ts';
import type { ClaimedEvent, Settlement } from '../../outbox/store.ts';
import type { Gateway } from '../gateway.ts';
import type { Outcome } from '../outcome.ts';
import { BucketCounts, latencyBounds, turnBounds } from './bucket-counts.ts';

/** Convoy as this process sees it, and since when (epoch ms). */
export interface GatewayView {
  readonly state: Gateway['kind'];
  /** Why it is paused; null while it is not. */
  readonly reason: string | null;
  readonly sinceMs: number;
}

/** Why this process may claim nothing, whatever the gateway says, and since when (epoch ms). */
export interface Held {
  readonly reason: string;
  readonly sinceMs: number;
}

/** A turn takes milliseconds: a database that has not answered for so long does not answer. */
const unansweredMs = 10_000;

export class Meters {
  readonly #clock: Clock;
  readonly startedAtMs: number;
  readonly outcomes: Record<Outcome['kind'], number> = { accepted: 0, rejected: 0, unavailable: 0 };
  readonly settlements: Record<Settlement['kind'], number> = { processed: 0, retry: 0, dead: 0, released: 0 };
  claimed = 0;
  /** Settlements that came too late: somebody else held the lease by then. */
  leasesLost = 0;
  turnsFailed = 0;
  /** Claimed and not settled yet. */
  inFlight = 0;
  /** From an event's creation to its acceptance. */
  readonly acceptance = new BucketCounts(latencyBounds);
  /** From handing an event over to Convoy's answer. */
  readonly delivery = new BucketCounts(latencyBounds);
  readonly turn = new BucketCounts(turnBounds);
  /** Null while events may be claimed. */
  held: Held | null = null;
  #failingSinceMs: number | null = null;
  #turnSinceMs: number | null = null;
  /** The start-up check has passed, now or in an earlier life. */
  isSendingAllowed = false;
  #gateway: GatewayView;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAtMs = clock.nowMs();
    this.#gateway = { state: 'open', reason: null, sinceMs: this.startedAtMs };
  }

  get gateway(): GatewayView {
    return this.#gateway;
  }

  /** Taken as it is, so that it can be handed on. */
  readonly gatewayBecame = (gateway: Gateway): void => {
    if (gateway.kind === this.#gateway.state) return;
    const wasClosed = this.#gateway.state === 'paused' || this.#gateway.state === 'probing';
    const isClosed = gateway.kind === 'paused' || gateway.kind === 'probing';
    // A probe does not end a pause: it is told from its beginning.
    const sinceMs = wasClosed && isClosed ? this.#gateway.sinceMs : this.#clock.nowMs();
    this.#gateway = { state: gateway.kind, reason: isClosed ? gateway.reason : null, sinceMs };
  };

  /** Taken as it is, too. */
  readonly leasesWereLost = (events: number): void => {
    this.leasesLost += events;
  };

  /** Taken as it is, like the two above. */
  readonly delivered = (event: ClaimedEvent, outcome: Outcome, tookMs: number): void => {
    this.outcomes[outcome.kind] += 1;
    this.delivery.observe(tookMs / 1_000);
    if (outcome.kind !== 'accepted') return;
    const sinceCreationMs = this.#clock.nowMs() - event.createdAtMs;
    if (Number.isFinite(sinceCreationMs)) this.acceptance.observe(Math.max(0, sinceCreationMs) / 1_000);
  };

  /** Says that nothing may be claimed, and why; with null, that it may. */
  hold(reason: string | null): void {
    this.held = reason === null ? null : { reason, sinceMs: this.#clock.nowMs() };
  }

  /** Since when turns fail, or one has had no answer for so long that it counts as failing, epoch ms; null while they succeed. */
  get failingSinceMs(): number | null {
    if (this.#failingSinceMs !== null || this.#turnSinceMs === null) return this.#failingSinceMs;
    return this.#clock.nowMs() - this.#turnSinceMs > unansweredMs ? this.#turnSinceMs : null;
  }

  turnBegan(): void {
    this.#turnSinceMs = this.#clock.nowMs();
  }

  turned(turn: {
    readonly settlements: readonly Settlement[];
    readonly claimed: number;
    readonly tookMs: number;
  }): void {
    for (const { kind } of turn.settlements) this.settlements[kind] += 1;
    this.claimed += turn.claimed;
    this.inFlight += turn.claimed - turn.settlements.length;
    this.#turnSinceMs = null;
    this.#failingSinceMs = null;
    if (turn.claimed + turn.settlements.length > 0) this.turn.observe(turn.tookMs / 1_000);
  }

  turnFailed(): void {
    this.turnsFailed += 1;
    this.#turnSinceMs = null;
    this.#failingSinceMs ??= this.#clock.nowMs();
  }
}
