// Writes down what was read back, in small transactions with gaps, and tells people what they should know of it. It also
// keeps the latest acceptance that is known to be stored: what was accepted before it and is missing is lost.
import { sleep } from '../outbox/clock.ts';
import type { UnconfirmedEvent } from '../outbox/confirm-verbs.ts';
import type { StoredEvent } from '../outbox/convoy-events.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import type { ConfirmParts } from './confirm-options.ts';
import { whenFree } from './when-free.ts';

/** In one transaction. In the order of commit 50 take 0.4 ms and 200 take 1.5 ms or more, the same per event: short it is. */
const keysAtOnce = 50;
/** So many bad events are told one by one in a pass. */
const toldOneByOne = 10;

export class ConfirmWriter {
  readonly #parts: ConfirmParts;
  #newestStoredMs = Number.NEGATIVE_INFINITY;
  #confirmed = 0;
  #resent = 0;
  #reported = 0;

  constructor(parts: ConfirmParts) {
    this.#parts = parts;
  }

  /** A new pass. */
  start(): void {
    this.#confirmed = 0;
    this.#resent = 0;
    this.#reported = 0;
  }

  result() {
    return { confirmed: this.#confirmed, resent: this.#resent, reported: this.#reported };
  }

  isStoredAfter(acceptedAtMs: number): boolean {
    return this.#newestStoredMs > acceptedAtMs;
  }

  sawStored(acceptedAtMs: number): void {
    this.#newestStoredMs = Math.max(this.#newestStoredMs, acceptedAtMs);
  }

  /** Stamps or reports what Convoy has stored. Returns false when one of them is still under way. */
  async take(events: readonly StoredEvent[], theirNowMs: number): Promise<boolean> {
    const { store, gateway, clock, timings } = this.#parts;
    const keys = events.filter(({ state }) => state === 'delivering').map(({ key }) => key);
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const batch = keys.slice(from, from + keysAtOnce);
      const confirmation = await this.#patiently(() =>
        store.confirm({ gateway, keys: batch, nowMs: clock.nowMs() }),
      );
      this.#confirmed += confirmation.events;
      if (confirmation.newestAcceptedAtMs !== null) this.sawStored(confirmation.newestAcceptedAtMs);
    }
    const isStuck = ({ state, storedAtMs }: StoredEvent) =>
      state === 'in-progress' && theirNowMs - storedAtMs >= timings.graceMs;
    const bad = events.filter((event) => event.state === 'failed' || isStuck(event));
    for (const { key, words, state } of bad) {
      await this.report(key, state === 'failed' ? `Convoy: ${words}` : `Convoy: ${words}, and no end of it`);
    }
    return events.every((event) => event.state !== 'in-progress' || isStuck(event));
  }

  /** Convoy will not deliver this event: a person has to look. */
  async report(key: string, reason: string): Promise<void> {
    const { store, gateway, clock, log } = this.#parts;
    const request = { gateway, events: [{ key, reason }], nowMs: clock.nowMs() };
    const reported = await this.#patiently(() => store.reportUndelivered(request));
    if (reported.length === 0) return;
    this.#reported += 1;
    if (this.#reported <= toldOneByOne) {
      log.error('event accepted, but Convoy will not deliver it', { event: key, reason });
    }
  }

  /** Convoy has lost it: out again, under the same key. */
  async resend(event: UnconfirmedEvent): Promise<void> {
    crashPoint('confirm:missing');
    const { store, gateway, clock, log, onResent } = this.#parts;
    const request = { gateway, events: [event], nowMs: clock.nowMs() };
    const resent = await this.#patiently(() => store.resend(request));
    if (resent === 0) return;
    this.#resent += 1;
    if (this.#resent <= toldOneByOne) {
      log.warn('event accepted, but lost by Convoy: sent again', {
        event: event.id,
        resends: event.resends + 1,
      });
    }
    onResent();
  }

  async #patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    const { clock, signal, timings } = this.#parts;
    if (timings.writeGapMs > 0) await sleep(clock, timings.writeGapMs, signal);
    return whenFree(work, { clock, signal });
  }
}
