// The one way in which the store's verbs write: a short transaction that has the write lock from its first statement on.
import type { SqliteConnection } from './sqlite.ts';

/**
 * Runs `work` in a transaction of its own and returns its result once it is committed. Begins IMMEDIATE: one that read first
 * and wrote later would fail at once (SQLITE_BUSY_SNAPSHOT) when somebody committed in between. What `work` throws rolls
 * everything back and is passed on.
 */
export function immediately<Result>(db: SqliteConnection, work: () => Result): Result {
  return db.transaction(work).immediate();
}
