// How many events are pending, without ever counting a big backlog in one go: which the loop would feel as a pause of 16 to 25 ms per
// million. Small backlogs are counted at every look; a big one in slices with the loop's work in between, and seldom, and
// from then on reckoned from what came and what went.
import type { Clock } from '../../outbox/clock.ts';
import type { BoundedCount, Glance, LiveVerbs } from '../../outbox/live-verbs.ts';

/** Counted in one go: under a millisecond. */
const sliceEvents = 50_000;
/** A count is followed by so many times its length without one: it takes at most a thousandth of the time. */
const restFactor = 1_000;

interface Counted {
  readonly events: number;
  readonly newestSeq: number;
  /** Accepted by then, since this object exists. */
  readonly accepted: number;
  readonly nextMs: number;
}

export class Backlog {
  readonly #store: Pick<LiveVerbs, 'freshBetween' | 'countDelayed'>;
  readonly #clock: Clock;
  #counted: Counted | null = null;
  #accepted = 0;

  constructor(store: Pick<LiveVerbs, 'freshBetween' | 'countDelayed'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Pending events at a glance; not exact when they are reckoned. Each glance must begin where the previous one ended. */
  async pending(glance: Glance): Promise<BoundedCount> {
    const { newestSeq, freshHeadSeq, delayed, accepted } = glance;
    this.#accepted += accepted;
    const isSmall = delayed.isExact && (freshHeadSeq === null || newestSeq - freshHeadSeq < sliceEvents);
    if (isSmall || this.#counted === null || this.#clock.monotonicMs() >= this.#counted.nextMs) {
      this.#counted = await this.#recount(glance);
    }
    const counted = this.#counted;
    const reckoned = counted.events + (newestSeq - counted.newestSeq) - (this.#accepted - counted.accepted);
    return { events: Math.max(0, reckoned), isExact: isSmall };
  }

  async #recount(glance: Glance): Promise<Counted> {
    const { events, workedMs } = await countPending(glance, this.#store, this.#clock);
    const nextMs = this.#clock.monotonicMs() + workedMs * restFactor;
    return { events, newestSeq: glance.newestSeq, accepted: this.#accepted, nextMs };
  }
}

/** Counts whatever is pending at a glance, in slices; `workedMs` is what that took of the loop's time. */
export async function countPending(
  { newestSeq, freshHeadSeq, delayed }: Glance,
  store: Pick<LiveVerbs, 'freshBetween' | 'countDelayed'>,
  clock: Clock,
): Promise<{ readonly events: number; readonly workedMs: number }> {
  const begunMs = clock.monotonicMs();
  let events = delayed.isExact ? delayed.events : await store.countDelayed();
  let workedMs = clock.monotonicMs() - begunMs;
  const afterSeq = freshHeadSeq === null ? newestSeq : freshHeadSeq - 1;
  for (let from = afterSeq; from < newestSeq; from += sliceEvents) {
    const startedMs = clock.monotonicMs();
    events += await store.freshBetween({ afterSeq: from, upToSeq: Math.min(from + sliceEvents, newestSeq) });
    workedMs += clock.monotonicMs() - startedMs;
    if (from + sliceEvents < newestSeq) await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return { events, workedMs };
}
