// Takes over what dead relayers held. Whoever holds a slot's lock knows that the slot's previous holder is dead, and ends
// its leases while holding the lock; nothing waits for a lease to run out.
import type { Clock } from '../outbox/clock.ts';
import { crashPoint } from '../outbox/crash-point.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { RelayerSlot, RelayerSlots } from '../outbox/relayer-slot.ts';
import type { PatientStore } from './patient-store.ts';

export interface TakeoverOptions {
  readonly slots: RelayerSlots;
  /** With the token of this process' lease ids, where it may lose a slot and hold it again. */
  readonly slot: Pick<RelayerSlot, 'name' | 'isExclusive'> & {
    readonly token?: string;
    readonly isLost?: boolean;
  };
  readonly store: Pick<PatientStore, 'takeOver' | 'slotsWithLeases'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Ends the leases that earlier holders of this relayer's own slot left, this process not among them. A slot that is lost meanwhile is let be:
 * somebody else may hold it, and whoever takes another takes over there.
 */
export async function takeOverOwnSlot(options: TakeoverOptions): Promise<number> {
  const { slot } = options;
  crashPoint('relayer:slot-taken');
  if (!slot.isExclusive) return 0;
  const isHeld = () => slot.isLost !== true;
  return takeOver(options, slot.name, isHeld).catch((error: unknown) => {
    if (isHeld()) throw error;
    return 0;
  });
}

/** Ends the leases of every other slot whose holder is dead. Returns how many events became free. */
export async function takeOverDeadSlots(options: TakeoverOptions): Promise<number> {
  let events = 0;
  for (const name of await options.store.slotsWithLeases()) {
    if (name === options.slot.name) continue;
    const lock = await lockOf(options, name);
    if (lock === null) continue;
    crashPoint('relayer:dead-slot-locked');
    try {
      // A lock that can be lost dies with the server's session: once the server is back, somebody else may hold it. The next look tries again.
      events += await takeOver(options, name, () => lock.lost === undefined);
    } finally {
      await lock.release();
    }
  }
  return events;
}

/** A lock that cannot be asked for (a lock file's permissions, a full disk) must not keep the other slots waiting. */
async function lockOf({ slots, log }: TakeoverOptions, name: string): Promise<RelayerSlot | null> {
  try {
    return await slots.tryAcquire(name);
  } catch (error) {
    log.warn('cannot tell whether a relayer lives, its leases have to run out', {
      slot: name,
      reason: errorText(error),
    });
    return null;
  }
}

async function takeOver(
  { store, clock, log, slot: own }: TakeoverOptions,
  slot: string,
  mayTryOn: () => boolean,
): Promise<number> {
  const exceptToken = own.token === undefined ? {} : { exceptToken: own.token };
  const events = await store.takeOver({ slot, nowMs: clock.nowMs(), ...exceptToken }, mayTryOn);
  if (events > 0) log.info('took over the events of a relayer that died', { slot, events });
  return events;
}
