// The outbox from one second to the next: what the page shows as it moves. It asks the database once for each moment, and keeps
// only what it needs to say how much has changed since.
import type { Clock } from '../../outbox/clock.ts';
import type { BoundedCount, Glance, LiveVerbs } from '../../outbox/live-verbs.ts';
import type { ReasonCount } from '../../outbox/overview-verbs.ts';
import { Backlog } from './backlog.ts';
import type { GatewayView, Meters } from './meters.ts';
import { quantile } from './quantile.ts';

/** What a second was like. Rates are per second, null at the first look. */
export interface Moment {
  readonly atMs: number;
  readonly pending: BoundedCount;
  readonly leased: number;
  readonly appendedRate: number | null;
  readonly acceptedRate: number | null;
  /** Latencies of what was accepted since the last moment, then of the newest within a minute; null of nothing. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly minuteP50Ms: number | null;
  readonly minuteP99Ms: number | null;
  readonly oldestPendingAtMs: number | null;
  readonly dead: BoundedCount;
  readonly waiting: readonly ReasonCount[];
  /** As the relayer sees it that serves the page. */
  readonly gateway: GatewayView;
  /** Null where the database has no write-ahead log of its own. */
  readonly walBytes: number | null;
}

/**
 * A settlement carries the instant at which its turn began, and is visible when that has been committed: what happened is looked
 * at so much later.
 */
const lagMs = 250;

export class Moments {
  readonly #store: LiveVerbs;
  readonly #meters: Meters;
  readonly #clock: Clock;
  readonly #backlog: Backlog;
  #last: { readonly toMs: number; readonly newestSeq: number; readonly monotonicMs: number } | null = null;

  constructor(store: LiveVerbs, { meters, clock }: { readonly meters: Meters; readonly clock: Clock }) {
    this.#store = store;
    this.#meters = meters;
    this.#clock = clock;
    this.#backlog = new Backlog(store, clock);
  }

  async next(): Promise<Moment> {
    const atMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const last = this.#last;
    const fromMs = last?.toMs ?? atMs - lagMs;
    // Never backwards, when the wall clock was set back.
    const toMs = Math.max(fromMs, atMs - lagMs);
    const glance = await this.#store.glance({ fromMs, toMs });
    this.#last = { toMs, newestSeq: glance.newestSeq, monotonicMs };
    const pending = await this.#backlog.pending(glance);
    const seconds = last === null ? 0 : (monotonicMs - last.monotonicMs) / 1_000;
    const rate = (events: number) => (seconds > 0 ? events / seconds : null);
    return {
      atMs,
      pending,
      appendedRate: rate(glance.newestSeq - (last?.newestSeq ?? 0)),
      acceptedRate: rate(glance.accepted),
      ...latenciesOf(glance, fromMs),
      leased: glance.leased,
      oldestPendingAtMs: glance.oldestPendingAtMs,
      dead: glance.dead,
      waiting: glance.waiting,
      gateway: this.#meters.gateway,
      walBytes: this.#store.walBytes(),
    };
  }
}

function latenciesOf({ acceptances }: Glance, fromMs: number) {
  const minute = acceptances.map(({ latencyMs }) => latencyMs);
  const recent = acceptances.filter(({ atMs }) => atMs > fromMs).map(({ latencyMs }) => latencyMs);
  return {
    p50Ms: quantile(recent, 0.5),
    p99Ms: quantile(recent, 0.99),
    minuteP50Ms: quantile(minute, 0.5),
    minuteP99Ms: quantile(minute, 0.99),
  };
}
