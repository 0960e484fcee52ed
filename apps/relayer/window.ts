// The window of events in flight: what this process holds leases on. A slot is freed by its settlement in the database,
// not by the reply, so that the number of slots bounds what one kill can make to be sent twice.
import assert from 'node:assert/strict';
import type { ClaimedEvent, Settlement } from '../outbox/store.ts';

interface Held {
  readonly event: ClaimedEvent;
  settlement: Settlement | null;
}

export class Window {
  readonly #held = new Map<number, Held>();
  #answers: Settlement[] = [];
  /** Events in flight that have no answer yet. */
  #unanswered = 0;

  /** Slots in use. */
  get size(): number {
    return this.#held.size;
  }

  /** Answers that wait for their settlement. */
  get answers(): number {
    return this.#answers.length;
  }

  /** Every event in flight has its answer: nothing more is to come before the next turn. */
  get isAllAnswered(): boolean {
    return this.#unanswered === 0;
  }

  add(event: ClaimedEvent): void {
    if (this.#held.has(event.seq)) assert.fail(`event ${event.seq} was claimed while in flight`);
    this.#held.set(event.seq, { event, settlement: null });
    this.#unanswered += 1;
  }

  /** Notes how an event is to be settled. Returns false for one that comes after its slot was given up: it changes nothing. */
  answer(settlement: Settlement): boolean {
    const held = this.#held.get(settlement.seq);
    if (held === undefined || held.settlement !== null || held.event.leaseId !== settlement.leaseId) {
      return false;
    }
    held.settlement = settlement;
    this.#unanswered -= 1;
    this.#answers.push(settlement);
    return true;
  }

  /** Takes the answers that wait for their settlement. Follow with `settled` or `putBack`. */
  takeAnswers(): readonly Settlement[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers;
  }

  /** The settlements are in the database: their slots are free. */
  settled(settlements: readonly Settlement[]): void {
    for (const { seq } of settlements) this.#held.delete(seq);
  }

  /** The transaction failed: they wait for the next one. */
  putBack(settlements: readonly Settlement[]): void {
    this.#answers = [...settlements, ...this.#answers];
  }

  /** Events that have no answer yet. Even when a lease runs out, this process must not claim its event a second time. */
  unanswered(): readonly ClaimedEvent[] {
    if (this.#unanswered === 0) return [];
    return [...this.#held.values()].filter((held) => held.settlement === null).map((held) => held.event);
  }
}
