// The one way in which the store's verbs write: a short transaction that has the write lock from its first statement on,
// with a crash point on either side of its COMMIT.
import { crashPoint, type WritingVerb } from '../crash-point.ts';
import type { SqliteConnection } from './connection.ts';

/**
 * Runs `work` in a transaction of its own and returns its result once it is committed. Begins IMMEDIATE: one that read first
 * and wrote later would fail at once (SQLITE_BUSY_SNAPSHOT) when somebody committed in between. What `work` throws rolls
 * everything back and is passed on.
 */
export function immediately<Result>(db: SqliteConnection, verb: WritingVerb, work: () => Result): Result {
  const transaction = db.transaction(() => {
    const result = work();
    crashPoint(`store:inside-${verb}`);
    return result;
  });
  const result = transaction.immediate();
  crashPoint(`store:after-${verb}`);
  return result;
}
