// Convoy's 201 means "in a queue in memory". This pass reads back what became of it: it lists Convoy's events since the
// oldest unconfirmed one, stamps what is there, and then judges what is missing. It keeps nothing that matters: a
// successor starts from the database. When and where a pass runs is in confirm-service.ts.
import type { AcceptancePlace, UnconfirmedEvent } from '../outbox/confirm-verbs.ts';
import type { StoredEvent } from '../outbox/convoy-events.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import { Canary } from './canary.ts';
import { type ConfirmParts, mostResends } from './confirm-options.ts';
import { ConfirmReader } from './confirm-reader.ts';
import { ConfirmWriter } from './confirm-writer.ts';

/** What a pass did. */
export interface PassResult {
  readonly pages: number;
  readonly confirmed: number;
  readonly resent: number;
  readonly reported: number;
}

const nothing: PassResult = { pages: 0, confirmed: 0, resent: 0, reported: 0 };
const judgedAtOnce = 100;

export class Confirmer {
  readonly #parts: ConfirmParts;
  readonly #reader: ConfirmReader;
  readonly #writer: ConfirmWriter;
  readonly #canary: Canary;
  /** Nothing older is open, as far as the last whole pass saw; null looks far back. */
  #openSinceMs: number | null = null;
  #lookedBackAtMs = 0;
  #passedAtMs = 0;

  constructor(parts: ConfirmParts) {
    this.#parts = parts;
    this.#reader = new ConfirmReader(parts);
    this.#writer = new ConfirmWriter(parts);
    this.#canary = new Canary(parts);
  }

  /** One whole pass. Without unconfirmed events it asks Convoy nothing. Throws CannotRead. */
  async pass(): Promise<PassResult> {
    const { clock, timings } = this.#parts;
    const nowMs = clock.nowMs();
    const sinceMs = this.#startOf(nowMs);
    const [oldest] = await this.#unconfirmed({ acceptedAtMs: sinceMs, seq: 0 }, { untilMs: nowMs, limit: 1 });
    if (oldest === undefined) {
      this.#openSinceMs = nowMs - timings.graceMs;
      return nothing;
    }
    this.#writer.start();
    const fromMs = oldest.acceptedAtMs - timings.overlapMs;
    let pages = 0;
    for await (const page of this.#reader.pages({ fromMs, toMs: nowMs })) {
      pages += 1;
      crashPoint('confirm:page-read');
      await this.#writer.take(page.events, page.serverMs ?? this.#reader.theirMs(clock.nowMs()));
    }
    this.#openSinceMs = await this.#judge({ acceptedAtMs: oldest.acceptedAtMs, seq: 0 }, nowMs);
    return { pages, ...this.#writer.result() };
  }

  /** From where on unconfirmed events are looked for. */
  #startOf(nowMs: number): number {
    const { timings } = this.#parts;
    const isSteppedBack = nowMs < this.#passedAtMs;
    this.#passedAtMs = nowMs;
    if (isSteppedBack || nowMs - this.#lookedBackAtMs >= timings.fullLookEveryMs) {
      this.#openSinceMs = null;
      this.#lookedBackAtMs = nowMs;
    }
    return this.#openSinceMs ?? nowMs - timings.lookBackMs;
  }

  #unconfirmed(after: AcceptancePlace, limits: { readonly untilMs: number; readonly limit: number }) {
    return this.#parts.store.unconfirmed({ gateway: this.#parts.gateway, after, ...limits });
  }

  /** Judges everything that should have been listed, oldest first. Returns since when something is still open. */
  async #judge(from: AcceptancePlace, nowMs: number): Promise<number> {
    const untilMs = nowMs - this.#parts.timings.graceMs;
    let openSinceMs = untilMs;
    for (let after = from; ; ) {
      const events = await this.#unconfirmed(after, { untilMs, limit: judgedAtOnce });
      const last = events.at(-1);
      if (last === undefined) break;
      after = last;
      for (const event of events) {
        const verdict = this.#isDue(event, nowMs) ? await this.#judgeOne(event, nowMs) : 'open';
        if (verdict !== 'closed') openSinceMs = Math.min(openSinceMs, event.acceptedAtMs);
        if (verdict === 'stalled') return openSinceMs;
      }
    }
    await this.#canary.judgedAll((acceptedAtMs) => this.#writer.isStoredAfter(acceptedAtMs));
    return openSinceMs;
  }

  /** Each time an event was sent again it is given twice as long. */
  #isDue({ acceptedAtMs, resends }: UnconfirmedEvent, nowMs: number): boolean {
    const { graceMs, longestGraceMs } = this.#parts.timings;
    return nowMs - acceptedAtMs >= Math.min(graceMs * 2 ** resends, longestGraceMs);
  }

  /** The list did not show it. Asking for its key alone tells whether it is missing or only was not in the window. */
  async #judgeOne(event: UnconfirmedEvent, nowMs: number): Promise<'closed' | 'open' | 'stalled'> {
    const stored = await this.#reader.find(event.key, this.#storedSinceMs(event));
    if (stored !== null) return this.#isThere(stored, event);
    if (nowMs - event.acceptedAtMs > this.#parts.windowMs) {
      await this.#writer.report(event.key, 'not found in Convoy, and accepted too long ago to be sent again');
      return 'closed';
    }
    if (event.resends >= mostResends) {
      await this.#writer.report(event.key, `accepted ${event.resends + 1} times and never stored by Convoy`);
      return 'closed';
    }
    if (this.#writer.isStoredAfter(event.acceptedAtMs)) {
      await this.#writer.resend(event);
      return 'closed';
    }
    if (await this.#canary.stalled(event)) await this.#writer.resend(event);
    return 'stalled';
  }

  /** Its creation may be anything that somebody inserted, even no instant at all: then it is looked for far back. */
  #storedSinceMs({ createdAtMs, acceptedAtMs }: UnconfirmedEvent): number {
    const isUsable = createdAtMs >= 0 && createdAtMs <= acceptedAtMs;
    return isUsable ? createdAtMs : acceptedAtMs - this.#parts.timings.lookBackMs;
  }

  async #isThere(stored: StoredEvent, event: UnconfirmedEvent): Promise<'closed' | 'open'> {
    this.#writer.sawStored(event.acceptedAtMs);
    const theirNowMs = this.#reader.theirMs(this.#parts.clock.nowMs());
    return (await this.#writer.take([stored], theirNowMs)) ? 'closed' : 'open';
  }
}
