// The relayer's slot while it runs, and the lease ids that begin with it. Where an engine can take a slot away from a living process (a
// lost session), a new one is taken, and nothing is claimed in between.
import { randomBytes } from 'node:crypto';
import { type Clock, sleep } from '../outbox/clock.ts';
import { leaseIds } from '../outbox/lease-id.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { RelayerSlot, RelayerSlots } from '../outbox/relayer-slot.ts';

export interface SlotLossParts {
  readonly slots: Pick<RelayerSlots, 'acquire'>;
  /** Ends every lease that others who held the slot left. */
  readonly takeOver: () => Promise<unknown>;
  /** Until it is called with true again, nothing is claimed. */
  readonly allowClaims: (isAllowed: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const tryAgainMs = 1_000;
/** Slots that are lost as soon as they are held must not be asked for without end. */
const pauseMs = 100;

export class SlotHolder implements RelayerSlot {
  #slot: RelayerSlot;
  #isLost = false;
  /** In every lease id of this process, whichever slot it holds: what it has in flight is known as its own after a loss. */
  readonly token = randomBytes(6).toString('hex');
  /** A lease id never used before, in the slot that is held now. */
  readonly nextLeaseId: () => string;

  constructor(slot: RelayerSlot) {
    this.#slot = slot;
    this.#hold(slot);
    const nameNow = () => this.name;
    this.nextLeaseId = leaseIds({
      token: this.token,
      get slot() {
        return nameNow();
      },
    });
  }

  get name(): string {
    return this.#slot.name;
  }

  get isExclusive(): boolean {
    return this.#slot.isExclusive;
  }

  /** Whether the slot was lost and no other is held yet. */
  get isLost(): boolean {
    return this.#isLost;
  }

  assertHeld(): void {
    this.#slot.assertHeld();
  }

  release(): Promise<void> {
    return this.#slot.release();
  }

  /** Replaces the slot each time that it is lost, until the signal aborts. Never resolves earlier; at once where a slot cannot be lost. */
  async keep(parts: SlotLossParts): Promise<void> {
    const { log, signal } = parts;
    const stopped = new Promise<'stopped'>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
    });
    while (this.#slot.lost !== undefined && !signal.aborted) {
      if ((await Promise.race([this.#slot.lost, stopped])) === 'stopped') return;
      log.warn('relayer slot lost, claiming nothing until another is held', { slot: this.name });
      parts.allowClaims(false);
      await sleep(parts.clock, pauseMs, signal);
      await this.#takeAnother(parts);
    }
  }

  #hold(slot: RelayerSlot): void {
    this.#slot = slot;
    this.#isLost = false;
    void slot.lost?.then(() => {
      if (this.#slot === slot) this.#isLost = true;
    });
  }

  async #takeAnother(parts: SlotLossParts): Promise<void> {
    const { slots, clock, log, signal } = parts;
    // A server may be away for hours: it is said once.
    let isTold = false;
    while (!signal.aborted) {
      try {
        this.#hold(await slots.acquire());
        await parts.takeOver();
        // Lost meanwhile: `keep` says so and begins again.
        if (this.#isLost) return;
        log.info('another relayer slot is held', { slot: this.name });
        parts.allowClaims(true);
        return;
      } catch (error) {
        if (!isTold) log.warn('no relayer slot yet, trying again', { reason: errorText(error) });
        isTold = true;
        // One that is held already would be held twice by the next try, and given back once.
        if (!signal.aborted) await this.#slot.release();
        await sleep(clock, tryAgainMs, signal);
      }
    }
  }
}
