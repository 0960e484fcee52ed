// Waits on facts, always with a bound, and ends at once when the run is interrupted.
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import { ChaosError } from './chaos-error.ts';

export interface WaitOptions {
  readonly withinMs: number;
  /** Between two looks. Default 50. */
  readonly everyMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Looks until the answer is neither false, null nor undefined, and returns it; null when that did not come in time. Throws
 * ERR_CHAOS_INTERRUPTED.
 */
export async function waitFor<Value>(
  look: () => Value | Promise<Value>,
  { withinMs, everyMs = 50, signal }: WaitOptions,
): Promise<NonNullable<Exclude<Value, false>> | null> {
  const endMs = systemClock.monotonicMs() + withinMs;
  for (;;) {
    throwIfInterrupted(signal);
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) {
      return seen as NonNullable<Exclude<Value, false>>;
    }
    const leftMs = endMs - systemClock.monotonicMs();
    if (leftMs <= 0) return null;
    await sleep(systemClock, Math.min(everyMs, leftMs), signal);
  }
}

/** Sleeps, unless interrupted: then it throws ERR_CHAOS_INTERRUPTED. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(systemClock, delayMs, signal);
  throwIfInterrupted(signal);
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new ChaosError('ERR_CHAOS_INTERRUPTED', 'interrupted before there was a verdict');
}
