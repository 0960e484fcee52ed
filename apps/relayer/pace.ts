// When the next turn is due: soon enough for latency, late enough that turns are full, and with room for the application's
// writes in between. It knows nothing of events; it is told what happened and says how long to wait.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { Window } from './window.ts';

/**
 * Answers wait so long for those still under way, so that one turn settles them all. A gateway that answers at once has
 * answered everything by then, and the turn follows the last answer.
 */
const lingerMs = 2;
/**
 * SQLite's waiters sleep and poll, so turns back to back would starve the application's writes. While others write, a turn is
 * followed by this many times its length without the lock.
 */
const gapFactor = 3;
/** A turn that took longer was waiting for the disk or for a lock, not holding one. */
const longestGapMs = 5;
/** Nobody else has committed for so long: the database is ours alone, and needs no gaps. */
const aloneAfterMs = 10_000;

/** What the window knows of answers. */
export type Answers = Pick<Window, 'answers' | 'isAllAnswered'>;

export class Pace {
  readonly #clock: Clock;
  #firstAnswerAtMs = 0;
  #othersWroteAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An answer has come. The loop looks at the first one, to time how long it may wait for others, and at the last one. */
  isTimeToLook({ answers, isAllAnswered }: Answers): boolean {
    if (answers === 1) this.#firstAnswerAtMs = this.#clock.monotonicMs();
    return answers === 1 || isAllAnswered;
  }

  /** How long the answers that are there still wait to be settled together with others; null when there are none. */
  answersWaitMs({ answers, isAllAnswered }: Answers): number | null {
    if (answers === 0) return null;
    return isAllAnswered ? 0 : Math.max(0, this.#firstAnswerAtMs + lingerMs - this.#clock.monotonicMs());
  }

  /** Leaves the database alone after a turn. `othersWrote`: another connection has committed since the turn before. */
  async leaveAlone({ turnMs, othersWrote }: { turnMs: number; othersWrote: boolean }): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (othersWrote) this.#othersWroteAtMs = nowMs;
    const isAlone = nowMs - this.#othersWroteAtMs >= aloneAfterMs;
    await pause(this.#clock, isAlone ? 0 : Math.min(turnMs * gapFactor, longestGapMs));
  }
}

/** Timers are good to about a millisecond; below that, only what the network has brought is looked at. */
export function pause(clock: Clock, pauseMs: number): Promise<void> {
  return pauseMs < 1 ? new Promise((resolve) => clock.soon(resolve)) : sleep(clock, pauseMs);
}
