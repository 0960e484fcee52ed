// What this process remembers of answers: enough to tell a bad event from a bad gateway. Memory only: after a restart it
// starts from nothing, which can only delay blame.

/** The evidence against one event, at one moment. */
export interface Evidence {
  /** Failures of this event seen by this process, the present one included. */
  readonly failures: number;
  /**
   * It has failed before; since then others were answered and nearly all of them accepted; and no other event has failed
   * since the latest acceptance. The first two make it the event, the last one makes it not the start of an outage.
   */
  readonly isBlamed: boolean;
  /** Another event was accepted since this one's first rejection. */
  readonly othersAcceptedSinceRejection: boolean;
}

/** At least so many answers to other events, within so long, so many of them acceptances. */
const answersNeeded = 5;
const windowMs = 60_000;
const acceptedShare = 0.8;
/** Events whose failures are remembered; beyond it the one that failed longest ago is forgotten. */
const rememberedEvents = 50_000;

interface Totals {
  readonly answers: number;
  readonly accepted: number;
}

interface Trouble {
  readonly failures: number;
  /** Totals just after its previous failure. */
  readonly since: Totals;
  readonly failedAtMs: number;
  readonly acceptedAtFirstRejection: number | null;
}

export class History {
  #totals: Totals = { answers: 0, accepted: 0 };
  readonly #troubles = new Map<number, Trouble>();
  #failingSinceAcceptance: number[] = [];
  /** Totals at the start of each of the last seconds, oldest first. */
  readonly #seconds: { readonly startMs: number; readonly totals: Totals }[] = [];

  /** An acceptance: the event's own failures are forgotten. */
  accepted(seq: number, nowMs: number): void {
    this.#troubles.delete(seq);
    this.#failingSinceAcceptance = [];
    this.#count(nowMs, 1);
  }

  /** A failure: what is known against the event, this failure included. `nowMs` is monotonic. */
  failed(failure: { readonly seq: number; readonly isRejection: boolean; readonly nowMs: number }): Evidence {
    const { seq, nowMs } = failure;
    const before = this.#troubles.get(seq);
    const base =
      before !== undefined && nowMs - before.failedAtMs < windowMs ? before.since : this.#windowStart(nowMs);
    const answers = this.#totals.answers - base.answers;
    const acceptances = this.#totals.accepted - base.accepted;
    const baseline = before?.acceptedAtFirstRejection ?? (failure.isRejection ? this.#totals.accepted : null);
    const failures = (before?.failures ?? 0) + 1;
    const isAlone = this.#isFailingAlone(seq);
    this.#count(nowMs, 0);
    this.#remember(seq, {
      failures,
      since: this.#totals,
      failedAtMs: nowMs,
      acceptedAtFirstRejection: baseline,
    });
    return {
      failures,
      isBlamed:
        before !== undefined && isAlone && answers >= answersNeeded && acceptances >= answers * acceptedShare,
      othersAcceptedSinceRejection: baseline !== null && this.#totals.accepted > baseline,
    };
  }

  /** The event is settled for good. */
  forget(seq: number): void {
    this.#troubles.delete(seq);
  }

  /** Notes the failure; two different events are enough to know that none is alone. */
  #isFailingAlone(seq: number): boolean {
    const failing = this.#failingSinceAcceptance;
    if (!failing.includes(seq) && failing.length < 2) failing.push(seq);
    return failing.length === 1 && failing[0] === seq;
  }

  #count(nowMs: number, accepted: 0 | 1): void {
    const newest = this.#seconds.at(-1);
    if (newest === undefined || nowMs - newest.startMs >= 1_000) {
      this.#seconds.push({ startMs: nowMs, totals: this.#totals });
      this.#dropBefore(nowMs - windowMs);
    }
    this.#totals = { answers: this.#totals.answers + 1, accepted: this.#totals.accepted + accepted };
  }

  #windowStart(nowMs: number): Totals {
    this.#dropBefore(nowMs - windowMs);
    return this.#seconds[0]?.totals ?? this.#totals;
  }

  #dropBefore(instantMs: number): void {
    while ((this.#seconds[0]?.startMs ?? Number.POSITIVE_INFINITY) < instantMs) this.#seconds.shift();
  }

  #remember(seq: number, trouble: Trouble): void {
    this.#troubles.delete(seq);
    this.#troubles.set(seq, trouble);
    if (this.#troubles.size <= rememberedEvents) return;
    const oldest = this.#troubles.keys().next();
    if (!oldest.done) this.#troubles.delete(oldest.value);
  }
}
