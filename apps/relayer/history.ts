// What this process remembers of answers: enough to tell a bad event from a bad gateway. Memory only: after a restart it
// starts from nothing, which can only delay blame.
import type { Reach } from './outcome.ts';

/** The evidence against one event, at one moment. */
export interface Evidence {
  /** Failures of this event seen by this process, the present one included. */
  readonly failures: number;
  /** No other event has failed since the latest acceptance: it is not the start of an outage. */
  readonly isAlone: boolean;
  /**
   * Alone, and since its previous failure another event was accepted: what answers it so may well be about it. Never after
   * a failure to reach the gateway at all; after a cut connection only on the evidence that blames.
   */
  readonly isSuspect: boolean;
  /**
   * An attempt may be counted. After a failure that says nothing of the event: it is alone, and since its previous
   * failure and within a minute others were answered, nearly all of them accepted. After a rejection: since its previous
   * one another event was accepted, and within an hour none that had been rejected too. Such a one shows that rejections
   * are not to be believed: a Convoy that changed, or a mistake of ours, rejects everything.
   */
  readonly isBlamed: boolean;
}

/** At least so many answers to other events, within so long, so many of them acceptances. */
const answersNeeded = 5;
const windowMs = 60_000;
const acceptedShare = 0.8;
/** After the acceptance of an event that had been rejected, no rejection is believed for so long. */
const distrustMs = 3_600_000;
/** Events whose failures are remembered; beyond it the one that failed longest ago is forgotten. */
const rememberedEvents = 50_000;

interface Failure {
  readonly seq: number;
  readonly isRejection: boolean;
  readonly reach: Reach;
  /** Monotonic. */
  readonly nowMs: number;
}

interface Totals {
  readonly answers: number;
  readonly accepted: number;
}

interface Trouble {
  readonly failures: number;
  /** Totals just after its previous failure. */
  readonly since: Totals;
  readonly failedAtMs: number;
  /** Acceptances there had been at its latest rejection; null when it was never rejected. */
  readonly acceptedAtRejection: number | null;
}

export class History {
  #answers = 0;
  #accepted = 0;
  /** When a rejected event was last accepted after all. */
  #refutedAtMs = Number.NEGATIVE_INFINITY;
  readonly #troubles = new Map<number, Trouble>();
  #failingSinceAcceptance: number[] = [];
  /** Totals at the start of each of the last seconds, oldest first. */
  readonly #seconds: { readonly startMs: number; readonly totals: Totals }[] = [];
  #secondEndsAtMs = Number.NEGATIVE_INFINITY;

  /** An acceptance: the event's own failures are forgotten. */
  accepted(seq: number, nowMs: number): void {
    this.#count(nowMs);
    this.#accepted += 1;
    if (this.#failingSinceAcceptance.length > 0) this.#failingSinceAcceptance = [];
    const trouble = this.#troubles.get(seq);
    if (trouble === undefined) return;
    this.#troubles.delete(seq);
    if (trouble.acceptedAtRejection !== null) this.#refutedAtMs = nowMs;
  }

  /** A failure: what is known against the event, this failure included. */
  failed({ seq, isRejection, reach, nowMs }: Failure): Evidence {
    const before = this.#troubles.get(seq);
    const isAlone = this.#isFailingAlone(seq);
    const isConspicuous =
      reach !== 'unreached' && isAlone && before !== undefined && this.#accepted > before.since.accepted;
    const isBlamed = isRejection
      ? this.#isRejectionBelieved(before, nowMs)
      : isConspicuous && this.#doOthersPass(before, nowMs);
    const isSuspect = reach === 'cut' ? isBlamed : isConspicuous;
    const failures = (before?.failures ?? 0) + 1;
    this.#count(nowMs);
    this.#remember(seq, {
      failures,
      since: this.#totals,
      failedAtMs: nowMs,
      acceptedAtRejection: isRejection ? this.#accepted : (before?.acceptedAtRejection ?? null),
    });
    return { failures, isAlone, isSuspect, isBlamed };
  }

  /** The event is settled for good. */
  forget(seq: number): void {
    this.#troubles.delete(seq);
  }

  #isRejectionBelieved(before: Trouble | undefined, nowMs: number): boolean {
    const baseline = before?.acceptedAtRejection ?? null;
    const isTrusted = nowMs - this.#refutedAtMs >= distrustMs;
    return isTrusted && baseline !== null && this.#accepted > baseline;
  }

  #doOthersPass(before: Trouble, nowMs: number): boolean {
    const isRecent = nowMs - before.failedAtMs < windowMs;
    const base = isRecent ? before.since : this.#windowStart(nowMs);
    const answers = this.#answers - base.answers;
    return answers >= answersNeeded && this.#accepted - base.accepted >= answers * acceptedShare;
  }

  /** Notes the failure; two different events are enough to know that none is alone. */
  #isFailingAlone(seq: number): boolean {
    const failing = this.#failingSinceAcceptance;
    if (!failing.includes(seq) && failing.length < 2) failing.push(seq);
    return failing.length === 1 && failing[0] === seq;
  }

  get #totals(): Totals {
    return { answers: this.#answers, accepted: this.#accepted };
  }

  #count(nowMs: number): void {
    if (nowMs >= this.#secondEndsAtMs) {
      this.#seconds.push({ startMs: nowMs, totals: this.#totals });
      this.#secondEndsAtMs = nowMs + 1_000;
      this.#dropBefore(nowMs - windowMs);
    }
    this.#answers += 1;
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
