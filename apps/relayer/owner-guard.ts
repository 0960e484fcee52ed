// An event for an owner without an endpoint is accepted by Convoy, marked failed, and its key is burnt for ever. So each
// owner is asked for once, off the delivery slots. Owners that Convoy has taken events of before are sent to meanwhile; a
// new one waits for the answer. When there is no answer to be had, its events go: the guard must not become an outage.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { EndpointAnswer } from '../outbox/convoy-endpoints.ts';
import type { Log } from '../outbox/log.ts';

export interface OwnerGuardParts {
  /** Asks Convoy. Never rejects. */
  readonly ask: (businessId: string) => Promise<EndpointAnswer>;
  /** Whether the database knows the owner as good. */
  readonly wasAccepted: (businessId: string) => Promise<boolean>;
  /** Waited for before Convoy is asked about an owner whose events go meanwhile: there is no hurry. */
  readonly calm: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Why and until when an event is not sent. */
export interface Hold {
  readonly availableAtMs: number;
  readonly reason: string;
}

/** What the answer means for the events in the database. */
export type OwnerWork =
  | { readonly kind: 'release'; readonly businessId: string }
  | ({ readonly kind: 'hold'; readonly businessId: string } & Hold);

type Owner =
  /** `goes`: its events are sent until the answer is there. */
  | { readonly kind: 'asked'; readonly goes: Promise<boolean>; readonly waitMs: number }
  /** It has an endpoint, or nobody could say. Asked for again after `untilMs` (monotonic), while its events go. */
  | { readonly kind: 'good'; readonly untilMs: number }
  | { readonly kind: 'none'; readonly lookAtMs: number; readonly waitMs: number };

const firstWaitMs = 30_000;
const longestWaitMs = 600_000;
const goodForMs = 600_000;
const unansweredForMs = 30_000;
const triesPerQuestion = 3;
const betweenTriesMs = 1_000;
const longestRetryMs = 5_000;
const questionsAtOnce = 4;
/** Owners remembered; beyond it the one known longest is forgotten, and asked for again. */
const rememberedOwners = 50_000;

const asking = 'asking Convoy whether this business has an endpoint';
const none = 'this business has no endpoint in Convoy: create one, its events wait';

export class OwnerGuard {
  readonly #parts: OwnerGuardParts;
  readonly #owners = new Map<string, Owner>();
  readonly #questions: (() => Promise<void>)[] = [];
  #questionsOut = 0;
  #work: OwnerWork[] = [];
  /** Called when there is work. */
  onWork: () => void = () => {};

  constructor(parts: OwnerGuardParts) {
    this.#parts = parts;
  }

  get hasWork(): boolean {
    return this.#work.length > 0;
  }

  /** Takes what is to be done in the database. What was not done to its end comes back with `putBack`. */
  takeWork(): readonly OwnerWork[] {
    const work = this.#work;
    this.#work = [];
    return work;
  }

  putBack(work: readonly OwnerWork[]): void {
    this.#work = [...work, ...this.#work];
  }

  /** Null to send, or why not; a promise only for an owner that the database is asked about. Never waits for Convoy. */
  admit(businessId: string): Hold | null | Promise<Hold | null> {
    const nowMs = this.#parts.clock.monotonicMs();
    const owner = this.#owners.get(businessId);
    switch (owner?.kind) {
      case undefined:
        return this.#admitAsked(this.#startAsking(businessId, this.#isKnownGood(businessId), firstWaitMs));
      case 'asked':
        return this.#admitAsked(owner);
      case 'good':
        if (nowMs >= owner.untilMs) this.#startAsking(businessId, Promise.resolve(true), firstWaitMs);
        return null;
      case 'none': {
        if (nowMs < owner.lookAtMs) return this.#held(owner.lookAtMs - nowMs, none);
        return this.#admitAsked(this.#startAsking(businessId, Promise.resolve(false), owner.waitMs));
      }
      default:
        return owner satisfies undefined;
    }
  }

  #isKnownGood(businessId: string): Promise<boolean> {
    return this.#parts.wasAccepted(businessId).catch(() => false);
  }

  async #admitAsked({ goes, waitMs }: Extract<Owner, { kind: 'asked' }>): Promise<Hold | null> {
    return (await goes) ? null : this.#held(waitMs, asking);
  }

  #held(forMs: number, reason: string): Hold {
    return { availableAtMs: this.#parts.clock.nowMs() + Math.ceil(forMs), reason };
  }

  #startAsking(businessId: string, goes: Promise<boolean>, waitMs: number) {
    const asked = { kind: 'asked', goes, waitMs } as const;
    this.#become(businessId, asked);
    void this.#askInTime(asked, async () => this.#answered(businessId, asked, await this.#ask(businessId)));
    return asked;
  }

  async #askInTime(
    { goes }: { readonly goes: Promise<boolean> },
    question: () => Promise<void>,
  ): Promise<void> {
    if (await goes) await this.#parts.calm();
    this.#questions.push(question);
    this.#askNext();
  }

  #askNext(): void {
    while (this.#questionsOut < questionsAtOnce) {
      const question = this.#questions.shift();
      if (question === undefined) return;
      this.#questionsOut += 1;
      void question().finally(() => {
        this.#questionsOut -= 1;
        this.#askNext();
      });
    }
  }

  async #ask(businessId: string): Promise<EndpointAnswer> {
    const { ask, clock, signal } = this.#parts;
    for (let tries = 1; ; tries++) {
      const answer = await ask(businessId);
      if (answer.kind === 'endpoints' || tries >= triesPerQuestion || signal.aborted) return answer;
      const waitMs = Math.min(Math.max(betweenTriesMs * tries, answer.retryAfterMs ?? 0), longestRetryMs);
      await sleep(clock, waitMs, signal);
    }
  }

  #answered(businessId: string, asked: Extract<Owner, { kind: 'asked' }>, answer: EndpointAnswer): void {
    const { clock, log } = this.#parts;
    const nowMs = clock.monotonicMs();
    const wasNone = asked.waitMs > firstWaitMs;
    // Known to have none: no answer does not change that.
    if (answer.kind === 'endpoints' ? !answer.isAny : wasNone) {
      const { waitMs } = asked;
      this.#become(businessId, {
        kind: 'none',
        lookAtMs: nowMs + waitMs,
        waitMs: Math.min(waitMs * 2, longestWaitMs),
      });
      if (!wasNone)
        log.error('business without an endpoint, its events are held', {
          business: businessId,
          next_look_ms: waitMs,
        });
      return this.#add({ kind: 'hold', businessId, ...this.#held(waitMs, none) });
    }
    const isKnown = answer.kind === 'endpoints';
    this.#become(businessId, { kind: 'good', untilMs: nowMs + (isKnown ? goodForMs : unansweredForMs) });
    if (!isKnown) {
      const fields = { business: businessId, reason: answer.reason };
      log.warn('could not ask for the endpoints of a business, its events go', fields);
    } else if (wasNone)
      log.info('business has an endpoint now, its events are released', { business: businessId });
    this.#add({ kind: 'release', businessId });
  }

  #become(businessId: string, owner: Owner): void {
    this.#owners.delete(businessId);
    this.#owners.set(businessId, owner);
    const [oldest] = this.#owners.size > rememberedOwners ? this.#owners.keys() : [];
    if (oldest !== undefined) this.#owners.delete(oldest);
  }

  #add(work: OwnerWork): void {
    this.#work.push(work);
    this.onWork();
  }
}
