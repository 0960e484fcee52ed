// What an application says when it opens its client, on either engine.
import type { Clock } from './clock.ts';

/** Which database, and how long to wait for it. */
export interface AdapterOptions {
  /**
   * Path of the file, or a `file:` URL, relative ones taken from the working directory; or a `postgres://` URL. The database must exist.
   */
  readonly url: string;
  /**
   * How long a transaction or statement waits for a lock that somebody else holds: on a file for the write lock, counted from its own
   * turn; on PostgreSQL it is the server's `lock_timeout`. Default 10 s. Prisma's own `maxWait` (2 s unless set) may give up on a transaction earlier.
   */
  readonly lockWaitMs?: number;
  readonly clock?: Clock;
}
