// A database that cannot be written for a while: locked by somebody, disk full, an I/O error. Says so once, waits, says
// when it is over; nothing is lost and nothing spins. A damaged file is not waited for.
import type { Clock } from '../outbox/clock.ts';
import { longestServerPauseMs } from '../outbox/database-trouble.ts';
import { isBusy, isCorrupt, isDatabaseError, isOfServer } from '../outbox/judge-trouble.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';

const longestWaitMs = 5_000;
/** So long a lock is asked for every millisecond. */
const askOftenMs = 1_000;
/** A lock held so long is worth a line: everybody's writes wait for it. */
const tellLockedAfterMs = 5_000;

export class BadDays {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  #sinceMs: number | null = null;
  #isTold = false;
  #failures = 0;

  constructor(parts: { readonly clock: Clock; readonly log: Log; readonly random: () => number }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#random = parts.random;
  }

  /**
   * How long to wait before the next try. Throws ERR_OUTBOX_DATABASE_CORRUPT when trying again cannot help, and every
   * error that is not the database's: a mistake of ours must end the process, not be tried again for ever.
   */
  failed(error: unknown): number {
    if (!isDatabaseError(error)) throw error;
    if (isCorrupt(error)) {
      throw new OutboxError(
        'ERR_OUTBOX_DATABASE_CORRUPT',
        'the database is damaged: stop both applications, keep the file and its -wal, and restore a backup',
        { cause: error },
      );
    }
    const nowMs = this.#clock.monotonicMs();
    this.#sinceMs ??= nowMs;
    this.#failures += 1;
    const isLock = isBusy(error);
    if (!this.#isTold && (!isLock || nowMs - this.#sinceMs >= tellLockedAfterMs)) {
      this.#isTold = true;
      this.#log.error('the database cannot be written, trying on', {
        reason: errorText(error),
        check: adviceFor(error),
      });
    }
    // A lock is usually held for milliseconds. Behind a writer that commits all the time it is free for moments only: whoever asks
    // seldom misses them (500 commits/s on a slow disk: half a second of waiting, where asking every millisecond takes a tenth).
    if (isLock && nowMs - this.#sinceMs < askOftenMs) return 1;
    if (isLock) return 2 + this.#random() * 50;
    const longestMs = isOfServer(error) ? longestServerPauseMs : longestWaitMs;
    return Math.min(100 * 2 ** Math.min(this.#failures, 10), longestMs) * (0.5 + this.#random() / 2);
  }

  succeeded(): void {
    if (this.#sinceMs === null) return;
    if (this.#isTold) {
      const downMs = Math.round(this.#clock.monotonicMs() - this.#sinceMs);
      this.#log.info('the database can be written again', { down_ms: downMs });
    }
    this.#sinceMs = null;
    this.#isTold = false;
    this.#failures = 0;
  }
}

function adviceFor(error: unknown): string {
  if (isOfServer(error)) return 'check that the PostgreSQL server runs, can be reached and takes writes';
  return isBusy(error)
    ? 'another process holds its lock: find it with fuser or lsof'
    : 'check disk space and disk health';
}
