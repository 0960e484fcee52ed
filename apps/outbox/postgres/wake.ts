// When a relayer on PostgreSQL looks for events: when it is told of a commit while it sleeps, and by itself while it is awake. It sleeps
// unless writers wait for each other to tell it; then it looks at growing distances until nothing has come for a while. It claims nothing:
// it hints, and is told of each look. Why no event is slept over stands in wake-lock.ts.
import type { Clock } from '../clock.ts';
import type { Session } from './session.ts';
import { areWritersQueued, endHolder, type Rest, rise, risen, tryToSleep } from './wake-lock.ts';

export interface WakeParts {
  readonly table: string;
  /** Tells the other relayers that this one no longer holds the lock. Failures are its own affair. */
  readonly announce: () => void;
  /** The holder of the lock stood still while writers waited for each other, and its session was ended, or could not be for want of rights. */
  readonly onStuckHolder: (isEnded: boolean) => void;
  readonly clock: Clock;
}

/**
 * Between looks that find nothing: short at first, since where one event came the next is near. After the first nine (31 ms) it tries to sleep;
 * while a transaction keeps it from that, it goes on with the rest.
 */
const pausesMs = [1, 1, 1, 2, 2, 4, 4, 8, 8, 16, 32] as const;
export const looksBeforeSleep = 9;
/**
 * So often it asks, when it is told of commits, whether writers wait for each other: the answer costs the server a walk through its locks. And
 * so long after: the event comes first.
 */
const askEveryMs = 100;
const askAfterMs = 5;
/** The holder of the lock may have died: then nobody is told of commits. To ask every second took 0.1 % of a core. */
const dozeMs = 4_000;
/** A holder that runs rises within 0.1 s or so of writers that wait. One that does not, and they wait at each look for so long, is stopped. */
const doubtEveryMs = 500;
const stuckAfterMs = 3_000;

/** `deaf`: without a session. `dozing`: another relayer holds the lock. */
type State = 'deaf' | 'awake' | 'asleep' | 'dozing';

export class Wake {
  readonly #parts: WakeParts;
  #state: State = 'deaf';
  #session: Session | null = null;
  #onChange: (() => void) | null = null;
  /** Looks since the last one that found something. */
  #looks = 0;
  #cancel: (() => void) | null = null;
  #isTrying = false;
  /** How often it was woken for good. */
  #risings = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #queuedSinceMs: number | null = null;
  #mayEndHolder = true;

  constructor(parts: WakeParts) {
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  /** From now on the callback is called when a look is worth it, the first time at once. Returns what ends that. */
  watch(onChange: () => void): () => void {
    this.#onChange = onChange;
    onChange();
    return () => {
      this.#onChange = null;
      this.#clear();
    };
  }

  /** A session listens: what was told before is missed, and no lock is held. */
  began(session: Session): void {
    this.#session = session;
    void session.ended.then(() => {
      if (this.#session !== session) return;
      this.#session = null;
      this.#state = 'deaf';
      this.#clear();
    });
    this.#stayAwake();
  }

  /** A notification has come. */
  told(message: string): void {
    if (message !== risen) {
      this.#onChange?.();
      if (this.#state === 'asleep') this.#askSoon();
      if (this.#state === 'dozing' && this.#mayEndHolder) void this.#doubtHolder();
    } else if (this.#state === 'dozing' || this.#state === 'awake') this.#stayAwake();
  }

  /** The loop has looked. While it cannot look (no free slot, gateway closed), it needs no hint: it looks when it can. */
  looked(hasFound: boolean): void {
    if (this.#state !== 'awake' || this.#onChange === null) return;
    if (hasFound) this.#looks = 0;
    else if (this.#cancel !== null || this.#isTrying) return;
    const pauseMs = pausesMs[Math.min(this.#looks, pausesMs.length - 1)] ?? 0;
    this.#looks += 1;
    this.#after(pauseMs, () => {
      if (this.#looks >= looksBeforeSleep) void this.#trySleep();
      else this.#onChange?.();
    });
  }

  #stayAwake(): void {
    this.#clear();
    this.#risings += 1;
    this.#queuedSinceMs = null;
    this.#state = 'awake';
    this.#looks = 0;
    this.#onChange?.();
  }

  async #trySleep(): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    const risings = this.#risings;
    const rest = await this.#ask((session) => tryToSleep(session, this.#parts.table));
    this.#isTrying = false;
    if (rest === null || (rest !== 'held' && risings !== this.#risings)) {
      // Not answered, or no longer true: another has told of its rising meanwhile, or the session is a new one.
      if (this.#state === 'awake') this.#onChange?.();
      else if (this.#state === 'dozing') this.#askAgainLater();
      return;
    }
    this.#clear();
    const before = this.#state;
    this.#state = stateAfter[rest];
    if (rest === 'held by another') this.#askAgainLater();
    // Once more: what was committed between the last look and the lock was told to nobody.
    if (rest !== 'held by another' || before !== 'dozing') this.#onChange?.();
  }

  readonly #askAgainLater = () => this.#after(dozeMs, () => void this.#trySleep());

  #askSoon(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#askedAtMs < askEveryMs) return;
    this.#askedAtMs = nowMs;
    this.#after(askAfterMs, () => void this.#riseIfQueued());
  }

  async #riseIfQueued(): Promise<void> {
    const { table, announce } = this.#parts;
    const areQueued = await this.#ask((session) => areWritersQueued(session, table));
    if (areQueued !== true || this.#state !== 'asleep') return;
    await this.#ask((session) => rise(session, table));
    // Without an answer, too: the lock may be gone.
    if (this.#state !== 'asleep') return;
    this.#stayAwake();
    announce();
  }

  async #doubtHolder(): Promise<void> {
    const { table, announce, clock, onStuckHolder } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#askedAtMs < doubtEveryMs) return;
    this.#askedAtMs = nowMs;
    const areQueued = await this.#ask((session) => areWritersQueued(session, table));
    if (this.#state !== 'dozing') return;
    this.#queuedSinceMs = areQueued === true ? (this.#queuedSinceMs ?? nowMs) : null;
    if (this.#queuedSinceMs === null || nowMs - this.#queuedSinceMs < stuckAfterMs) return;
    this.#queuedSinceMs = null;
    const isEnded = await this.#ask((session) => endHolder(session, table));
    if (isEnded === null) return;
    this.#mayEndHolder = isEnded;
    onStuckHolder(isEnded);
    if (!isEnded || this.#state !== 'dozing') return;
    // Nobody notifies any more.
    this.#stayAwake();
    announce();
  }

  /** Null when the session has ended by the time of the answer, which `began` then sees to, or did not answer. */
  async #ask<Answer>(question: (session: Session) => Promise<Answer>): Promise<Answer | null> {
    const session = this.#session;
    if (session === null) return null;
    const answer = await question(session).catch(() => null);
    return session === this.#session ? answer : null;
  }

  #after(delayMs: number, callback: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#cancel = null;
      callback();
    });
  }

  #clear(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

const stateAfter: Readonly<Record<Rest, State>> = {
  held: 'asleep',
  'held by another': 'dozing',
  shared: 'awake',
};
