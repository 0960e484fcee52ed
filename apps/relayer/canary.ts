// When nothing accepted after some moment has been stored, Convoy's pipeline stands still: its queue may be gone, or its
// workers are down. Sending the backlog again would only feed the hole. One event goes, the canary, ever more rarely;
// once it is stored, what was accepted before it and is missing is known to be lost.
import type { UnconfirmedEvent } from '../outbox/confirm-verbs.ts';
import { errorText } from '../outbox/log.ts';
import type { ConfirmParts } from './confirm-options.ts';

interface Stall {
  readonly sinceMs: number;
  readonly canaryAtMs: number;
  readonly waitMs: number;
}

export class Canary {
  readonly #parts: ConfirmParts;
  #stall: Stall | null = null;

  constructor(parts: ConfirmParts) {
    this.#parts = parts;
  }

  /** This event is missing, and nothing accepted after it has been stored. Returns whether it may be the next canary. */
  async stalled(event: UnconfirmedEvent): Promise<boolean> {
    const { clock, timings } = this.#parts;
    const nowMs = clock.nowMs();
    if (this.#stall === null) {
      this.#stall = { sinceMs: event.acceptedAtMs, canaryAtMs: nowMs, waitMs: timings.graceMs };
      await this.#tell(event.acceptedAtMs);
    }
    const { sinceMs, canaryAtMs, waitMs } = this.#stall;
    if (nowMs < canaryAtMs) return false;
    const nextWaitMs = Math.min(waitMs * 2, timings.longestCanaryWaitMs);
    this.#stall = { sinceMs, canaryAtMs: nowMs + waitMs, waitMs: nextWaitMs };
    return true;
  }

  /** A pass came to its end: something was stored after everything that is due. */
  async judgedAll(isStoredAfter: (acceptedAtMs: number) => boolean): Promise<void> {
    const stall = this.#stall;
    if (stall === null) return this.#endPredecessors(isStoredAfter);
    if (this.#parts.clock.nowMs() < stall.canaryAtMs) return;
    this.#stall = null;
    this.#ended(stall.sinceMs);
  }

  /** A stall that a relayer told which is no more: without this its last word would stand in the record for ever. */
  async #endPredecessors(isStoredAfter: (acceptedAtMs: number) => boolean): Promise<void> {
    const [newest] = await this.#parts.store.records('pipeline', 1);
    if (newest?.detail.state === 'stalled' && isStoredAfter(newest.atMs)) this.#ended(newest.atMs);
  }

  #ended(sinceMs: number): void {
    const stalledMs = this.#parts.clock.nowMs() - sinceMs;
    this.#parts.log.info('Convoy stores events again', { stalled_ms: stalledMs });
    this.#record({ state: 'storing', stalled_ms: stalledMs });
  }

  async #tell(sinceMs: number): Promise<void> {
    const since = new Date(sinceMs).toISOString();
    this.#parts.log.error('Convoy accepts events and stores none, trying with one', {
      since,
      check:
        "Convoy's workers and its Redis; after a restart of Redis without persistence, restart Convoy's server",
    });
    this.#record({ state: 'stalled', since });
  }

  /** The record is for people; failing to write it changes nothing. */
  #record(detail: Readonly<Record<string, unknown>>): void {
    const { store, clock, log } = this.#parts;
    store
      .log({ kind: 'pipeline', detail, nowMs: clock.nowMs() })
      .catch((error: unknown) =>
        log.warn('could not record the state of the pipeline', { reason: errorText(error) }),
      );
  }
}
