// Reads Convoy's events gently: one request at a time, each at a quiet moment, with patience for what cannot be read. It
// keeps Convoy's clock skew and the size of page that fits. What the rows mean is decided elsewhere.
import { sleep } from '../outbox/clock.ts';
import type { EventPage, EventQuery, StoredEvent } from '../outbox/convoy-events.ts';
import type { ConfirmParts } from './confirm-options.ts';

/** Convoy could not be read: nothing is known, least of all that something is missing. */
export class CannotRead extends Error {
  override readonly name = 'CannotRead';
  readonly retryAfterMs: number;

  constructor(reason: string, retryAfterMs: number) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
  }
}

const triesPerRequest = 4;
/**
 * Reading one of 1,000 events of 600 bytes stops the loop for 8 to 13 ms, one of 500 for 6, one of 250 for 3. Smaller ones would fall behind:
 * beside a gateway that answers at once 1,565 events a second are read, and beside Convoy, which takes some 80 ms for any page, about as many as
 * it takes (1,000, reckoned).
 */
const fullPage = 250;
/** A page that does not fit is asked for again with so much less; the next pass begins with so much more. */
const pageFactor = 4;
const oneDayMs = 86_400_000;

type Page = Extract<EventPage, { kind: 'page' }>;

export class ConfirmReader {
  readonly #parts: ConfirmParts;
  /** Null before the first answer. */
  #skewMs: number | null = null;
  #perPage = fullPage;

  constructor(parts: ConfirmParts) {
    this.#parts = parts;
  }

  /** The instant by Convoy's clock at which ours says `ourMs`. */
  theirMs(ourMs: number): number {
    return ourMs + (this.#skewMs ?? 0);
  }

  /** All pages of the events stored between two instants of our clock, in windows that overlap. Throws CannotRead. */
  async *pages(span: { readonly fromMs: number; readonly toMs: number }): AsyncGenerator<Page> {
    const { spanMs, overlapMs } = this.#parts.timings;
    // What did not fit was perhaps one batch of large events: small pages for good would cost a request for every few.
    this.#perPage = Math.min(this.#perPage * pageFactor, fullPage);
    // Bounds mean nothing before Convoy's time is known: one small request finds out.
    if (this.#skewMs === null) await this.#read({ fromMs: span.toMs, toMs: span.toMs, cursor: null });
    for (let fromMs = span.fromMs; ; fromMs += spanMs - overlapMs) {
      const toMs = Math.min(fromMs + spanMs, span.toMs);
      let cursor: string | null = null;
      do {
        const page: Page = await this.#read({ fromMs, toMs, cursor });
        cursor = page.nextCursor;
        yield page;
      } while (cursor !== null);
      if (toMs === span.toMs) return;
    }
  }

  /** The stored event of a key, wherever in time since `sinceMs` (our clock), or null. Throws CannotRead. */
  async find(key: string, sinceMs: number): Promise<StoredEvent | null> {
    const toMs = this.#parts.clock.nowMs() + oneDayMs;
    const span = { fromMs: sinceMs - this.#parts.timings.overlapMs, toMs };
    const page = await this.#read({ ...span, cursor: null, key });
    return page.events.find((event) => event.key === key) ?? null;
  }

  async #read(query: Omit<EventQuery, 'perPage' | 'signal'>): Promise<Page> {
    const { clock, signal, timings } = this.#parts;
    let problem = new CannotRead('stopping', 0);
    for (let tries = 0; tries < triesPerRequest && !signal.aborted; ) {
      const waitMs = tries === 0 ? 0 : Math.max(timings.firstRetryMs * 2 ** tries, problem.retryAfterMs);
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      await this.#calm();
      const page = await this.#ask(query);
      if (page.kind === 'page') return page;
      if (page.kind === 'too-large' && this.#perPage > 1) {
        this.#perPage = Math.ceil(this.#perPage / pageFactor);
        continue;
      }
      tries += 1;
      problem =
        page.kind === 'too-large'
          ? new CannotRead('an event that is too large to be read back', 0)
          : new CannotRead(page.reason, page.retryAfterMs ?? 0);
    }
    throw problem;
  }

  async #calm(): Promise<void> {
    const { timings, clock, signal, calm } = this.#parts;
    if (timings.requestGapMs > 0) await sleep(clock, timings.requestGapMs, signal);
    await calm();
  }

  async #ask(query: Omit<EventQuery, 'perPage' | 'signal'>): Promise<EventPage> {
    const { access, clock, signal } = this.#parts;
    const { listEvents } = await import('../outbox/convoy-events.ts');
    const page = await listEvents(access, {
      ...query,
      fromMs: this.theirMs(query.fromMs),
      toMs: this.theirMs(query.toMs),
      perPage: this.#perPage,
      signal,
    });
    if (page.kind === 'page') this.#skewMs = (page.serverMs ?? clock.nowMs()) - clock.nowMs();
    return page;
  }
}
