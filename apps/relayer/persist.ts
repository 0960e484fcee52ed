// A write that must get through, outside the loop: at the start, and in the background. It waits out what may pass, with
// the words and pauses of bad days; it does not decide what comes after.
import { type Clock, sleep } from '../outbox/clock.ts';
import type { Log } from '../outbox/log.ts';
import { isCorrupt, isPassing } from '../outbox/sqlite.ts';
import { BadDays } from './bad-days.ts';

export interface PersistOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the waiting: the last error is thrown. */
  readonly signal?: AbortSignal;
  /** From the first failure; default 15 s, after which the last error is thrown and a supervisor may start afresh. */
  readonly waitMs?: number;
}

/**
 * Calls `write` until the database takes it. A relayer waits only 20 ms for a lock with the event loop standing still, and
 * a writer's fsync on a slow disk takes longer than that.
 * Throws ERR_OUTBOX_DATABASE_CORRUPT for a damaged file, and every error that time does not heal.
 */
export async function persist<Result>(
  write: () => Promise<Result>,
  { clock, log, signal, waitMs = 15_000 }: PersistOptions,
): Promise<Result> {
  const badDays = new BadDays({ clock, log, random: Math.random });
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      const result = await write();
      badDays.succeeded();
      return result;
    } catch (error) {
      const isOver = signal?.aborted === true || clock.monotonicMs() - startedMs >= waitMs;
      if (!isCorrupt(error) && (!isPassing(error) || isOver)) throw error;
      await sleep(clock, badDays.failed(error), signal);
    }
  }
}
