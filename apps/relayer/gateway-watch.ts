// Keeps the gateway's state for the loop, and tells people when it changes. The rules are in gateway.ts.
import type { Clock } from '../outbox/clock.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';
import {
  allowance,
  type Gateway,
  nextChangeMs,
  observe,
  openGateway,
  probeStarted,
  probeUnsent,
} from './gateway.ts';
import type { Outcome } from './outcome.ts';

export interface GatewayParts {
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each change of state. */
  readonly onGateway?: (gateway: Gateway) => void;
}

/** Events made due at a time when the gateway reopens. */
const resumeBatch = 500;
/** A pause is told again when it has become twice as long, and every ten minutes: some 15 lines in an hour, not 3,600. */
const firstTellAgainMs = 1_000;
const lastTellAgainMs = 600_000;

export class GatewayWatch {
  readonly #parts: GatewayParts;
  readonly #slots: number;
  #gateway: Gateway = openGateway;
  /** True from the start: an outage that a predecessor saw may be over, and what waited for its end is tried now. */
  #wantsResume = true;
  #pausedSinceMs = 0;
  #tellAgainAtMs = 0;

  constructor(parts: GatewayParts, slots: number) {
    this.#parts = parts;
    this.#slots = slots;
  }

  /** The gateway has come back, or is new to this process: what waited for it is to be made due. */
  get wantsResume(): boolean {
    return this.#wantsResume;
  }

  get isOpen(): boolean {
    return this.#gateway.kind === 'open';
  }

  /** Makes due a batch of what waited, if that is wanted; returns whether it was. Rejects when the database does. */
  async resume(): Promise<boolean> {
    if (!this.#wantsResume) return false;
    const { store, clock } = this.#parts;
    const resumed = await store.resume({ nowMs: clock.nowMs(), limit: resumeBatch });
    if (resumed < resumeBatch) this.#wantsResume = false;
    return true;
  }

  allowance(nowMs: number) {
    return allowance(this.#gateway, { slots: this.#slots, nowMs });
  }

  nextChangeInMs(nowMs: number): number | null {
    const atMs = nextChangeMs(this.#gateway, nowMs);
    return atMs === null ? null : atMs - nowMs;
  }

  claimed(seq: number): void {
    this.#become(probeStarted(this.#gateway, seq), null);
  }

  /** `outcome` is null when the event was not sent after all. */
  answered(seq: number, outcome: Outcome | null): void {
    // What nearly all come to: it changes nothing.
    if (outcome?.kind === 'accepted' && this.#gateway === openGateway) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (outcome === null) return this.#become(probeUnsent(this.#gateway, { seq, nowMs }), null);
    this.#become(observe(this.#gateway, { seq, outcome, nowMs, slots: this.#slots }), outcome);
  }

  #become(next: Gateway, outcome: Outcome | null): void {
    const before = this.#gateway;
    this.#gateway = next;
    if (before.kind === next.kind) return;
    this.#parts.onGateway?.(next);
    const wasClosed = before.kind === 'paused' || before.kind === 'probing';
    if (next.kind === 'paused' && !wasClosed) return this.#tellPaused(next, outcome);
    if (next.kind === 'paused') return this.#tellStillPaused(next.reason);
    if (wasClosed && next.kind !== 'probing') {
      this.#wantsResume = true;
      const pausedMs = Math.round(this.#parts.clock.monotonicMs() - this.#pausedSinceMs);
      this.#parts.log.info('gateway is back, ramping up', { paused_ms: pausedMs });
      this.#record({ state: next.kind, paused_ms: pausedMs });
    } else if (next.kind === 'open') {
      this.#parts.log.info('gateway open at full rate');
    }
  }

  #tellPaused(paused: Extract<Gateway, { kind: 'paused' }>, outcome: Outcome | null): void {
    const { clock, log } = this.#parts;
    this.#pausedSinceMs = clock.monotonicMs();
    this.#tellAgainAtMs = this.#pausedSinceMs + firstTellAgainMs;
    const check = outcome?.kind === 'unavailable' ? (outcome.check ?? undefined) : undefined;
    const waitMs = Math.round(paused.probeAtMs - this.#pausedSinceMs);
    const fields = { reason: paused.reason, next_try_ms: waitMs, check };
    if (check === undefined) log.warn('gateway unavailable, events wait', fields);
    else log.error('gateway refuses, events wait', fields);
    this.#record({ state: 'paused', reason: paused.reason });
  }

  #tellStillPaused(reason: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs < this.#tellAgainAtMs) return;
    const pausedMs = Math.round(nowMs - this.#pausedSinceMs);
    this.#tellAgainAtMs = nowMs + Math.min(pausedMs, lastTellAgainMs);
    this.#parts.log.info('gateway still unavailable', { reason, paused_ms: pausedMs });
  }

  /** The record is for people; failing to write it must not stop delivery. */
  #record(detail: Readonly<Record<string, unknown>>): void {
    const { store, clock, log } = this.#parts;
    store
      .log({ kind: 'gateway', detail, nowMs: clock.nowMs() })
      .catch((error: unknown) =>
        log.warn('could not record the gateway change', { reason: errorText(error) }),
      );
  }
}
