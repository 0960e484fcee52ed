// Tells everybody who looks at the page what each second brings, by server-sent events. Nobody looks: nothing is asked of the
// database and no timer runs.

import type { Clock } from '../../outbox/clock.ts';
import { isCorrupt } from '../../outbox/judge-trouble.ts';
import type { Chronicle, Chronicler } from './chronicle.ts';
import type { Moment, Moments } from './moment.ts';
import { type PastInterval, pastMs } from './past.ts';
import { type Listener, type Reply, type StreamReply, textReply } from './reply.ts';
import type { Verdict } from './verdict.ts';

export interface BroadcastParts {
  readonly clock: Clock;
  /** New ones for each time that somebody begins to look. */
  readonly watch: () => {
    readonly moments: Pick<Moments, 'next'>;
    readonly chronicler: Pick<Chronicler, 'read'>;
  };
  readonly past: (sinceMs: number) => Promise<readonly PastInterval[]>;
  readonly judge: (moment: Moment, chronicle: Chronicle) => Verdict;
  /** What does not change while this process lives. */
  readonly about: unknown;
  readonly onError: (error: unknown) => void;
}

const everyMs = 1_000;
const mostListeners = 16;

export class Broadcast {
  readonly #parts: BroadcastParts;
  readonly #listeners = new Set<Listener>();
  #watch: ReturnType<BroadcastParts['watch']> | null = null;
  #cancel: (() => void) | null = null;
  #lastChronicle = '';

  constructor(parts: BroadcastParts) {
    this.#parts = parts;
  }

  /** The answer to whoever wants to listen; `lastEventId` is the instant (epoch ms) of the last moment that it has. */
  join(lastEventId: string | undefined): Reply | StreamReply {
    if (this.#listeners.size >= mostListeners) {
      return textReply(503, `${mostListeners} pages are open already: close some`);
    }
    return { kind: 'stream', open: (listener) => this.#welcome(listener, Number(lastEventId)) };
  }

  #welcome(listener: Listener, lastMs: number): void {
    this.#listeners.add(listener);
    listener.onGone(() => this.#leave(listener));
    listener.send(`retry: 1000\n\n${message('about', this.#parts.about)}`);
    if (this.#lastChronicle !== '') listener.send(this.#lastChronicle);
    const sinceMs = lastMs > 0 ? lastMs : this.#parts.clock.nowMs() - pastMs;
    this.#parts
      .past(sinceMs)
      .then((intervals) => listener.send(message('past', intervals)))
      .catch(this.#parts.onError);
    if (this.#watch !== null) return;
    this.#watch = this.#parts.watch();
    void this.#tick();
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#cancel?.();
    this.#cancel = null;
    this.#watch = null;
    this.#lastChronicle = '';
  }

  async #tick(): Promise<void> {
    const watch = this.#watch;
    if (watch === null) return;
    try {
      const moment = await watch.moments.next();
      const chronicle = await watch.chronicler.read(moment.dead.events);
      const verdict = this.#parts.judge(moment, chronicle);
      this.#tell(`id: ${moment.atMs}\n${message('moment', { ...moment, verdict })}`);
      const told = message('chronicle', chronicle);
      if (told !== this.#lastChronicle) this.#tell(told);
      this.#lastChronicle = told;
    } catch (error) {
      this.#parts.onError(error);
      if (isCorrupt(error)) return;
      this.#tell(message('blind', { atMs: this.#parts.clock.nowMs() }));
    }
    // Somebody else may have begun to watch meanwhile.
    if (this.#watch === watch) this.#cancel = this.#parts.clock.after(everyMs, () => void this.#tick());
  }

  #tell(text: string): void {
    for (const listener of this.#listeners) listener.send(text);
  }
}

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
