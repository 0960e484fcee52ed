// Waits with a bound, and no longer than the run is wanted. Nothing in a benchmark waits in any other way.
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import { BenchError } from './bench-error.ts';

export interface Wait {
  /** Completes "not within ...: ". */
  readonly what: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** The promise's value, or ERR_BENCH_COULD_NOT_RUN when it takes too long, or ERR_BENCH_INTERRUPTED. */
export async function inTime<Value>(
  promise: Promise<Value>,
  { what, withinMs, signal }: Wait,
): Promise<Value> {
  const over = new AbortController();
  // Whoever waits too long or is interrupted must not be surprised by the promise's own end later.
  promise.catch(() => {});
  const tooLong = sleep(systemClock, withinMs, AbortSignal.any([signal, over.signal])).then(() => {
    throwIfInterrupted(signal);
    throw new BenchError('ERR_BENCH_COULD_NOT_RUN', `not within ${withinMs} ms: ${what}`);
  });
  tooLong.catch(() => {});
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    over.abort();
  }
}

/** Whether the promise resolves in time. Throws what it rejects with, or ERR_BENCH_INTERRUPTED. */
export async function isInTime(
  promise: Promise<unknown>,
  { withinMs, signal }: Omit<Wait, 'what'>,
): Promise<boolean> {
  const over = new AbortController();
  const tooLong = sleep(systemClock, withinMs, AbortSignal.any([signal, over.signal])).then(() => {
    throwIfInterrupted(signal);
    return false;
  });
  // Whoever waits too long or is interrupted must not be surprised by the other one's end later.
  for (const either of [promise, tooLong]) either.catch(() => {});
  try {
    return await Promise.race([promise.then(() => true), tooLong]);
  } finally {
    over.abort();
  }
}

/** Looks every millisecond until it is so. Throws as `inTime` does. */
export async function until(
  look: () => boolean | Promise<boolean>,
  { what, withinMs, signal }: Wait,
): Promise<void> {
  const endMs = systemClock.monotonicMs() + withinMs;
  while (!(await look())) {
    throwIfInterrupted(signal);
    if (systemClock.monotonicMs() > endMs) {
      throw new BenchError('ERR_BENCH_COULD_NOT_RUN', `not within ${withinMs} ms: ${what}`);
    }
    await sleep(systemClock, 1, signal);
  }
}

/** Sleeps, unless interrupted: then it throws ERR_BENCH_INTERRUPTED. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(systemClock, delayMs, signal);
  throwIfInterrupted(signal);
}

function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new BenchError('ERR_BENCH_INTERRUPTED', 'interrupted, nothing was written');
}
