// Waits for another process's lock without stopping the event loop: asks again with growing, jittered pauses, up to a
// bound. It does not decide what may be repeated: only a statement that changed nothing answers BUSY.
import { isDriverAdapterError } from '@prisma/driver-adapter-utils';
import { type Clock, sleep } from '../clock.ts';
import { OutboxError } from '../outbox-error.ts';
import { isBusy } from './code.ts';

export interface LockRetryOptions {
  /** For the message. */
  readonly file: string;
  /** From the first attempt. */
  readonly lockWaitMs: number;
  readonly clock: Clock;
}

/** The relayer's transactions take about a millisecond, so the first pauses are about as long. */
const firstPauseMs = 1;
const longestPauseMs = 50;

/**
 * Calls `attempt` until it answers anything but BUSY. Throws ERR_OUTBOX_DATABASE_BLOCKED when the lock was not to
 * be had in time; every other error passes unchanged.
 */
export async function retryWhileLocked<Result>(
  attempt: () => Promise<Result>,
  { file, lockWaitMs, clock }: LockRetryOptions,
): Promise<Result> {
  const startedMs = clock.monotonicMs();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (clock.monotonicMs() - startedMs >= lockWaitMs) {
        throw new OutboxError(
          'ERR_OUTBOX_DATABASE_BLOCKED',
          `the database ${file} has been locked by another process for ${lockWaitMs} ms: find it (fuser or lsof) and end its transaction, or wait`,
          { cause: error },
        );
      }
    }
    await sleep(clock, pauseMs * (0.5 + Math.random()));
  }
}

function isLocked(error: unknown): boolean {
  if (isBusy(error)) return true;
  // Prisma's adapter translates SQLITE_BUSY, and nothing else, into this kind.
  return error instanceof Error && isDriverAdapterError(error) && error.cause.kind === 'SocketTimeout';
}
