// The one way in which the store's verbs write: a short transaction that has the write lock from its first statement on,
// with a crash point on either side of its COMMIT.
import { crashPoint, type WritingVerb } from '../crash-point.ts';
import type { SqliteConnection } from './connection.ts';

type Transaction = (verb: WritingVerb, work: () => unknown) => unknown;

/** One per connection: making one each time was 8 % of a turn that claims one event, in a profile. */
const transactions = new WeakMap<SqliteConnection, Transaction>();

/**
 * Runs `work` in a transaction of its own and returns its result once it is committed. Begins IMMEDIATE: one that read first
 * and wrote later would fail at once (SQLITE_BUSY_SNAPSHOT) when somebody committed in between. What `work` throws rolls
 * everything back and is passed on.
 */
export function immediately<Result>(db: SqliteConnection, verb: WritingVerb, work: () => Result): Result {
  const result = transactionOn(db)(verb, work) as Result;
  crashPoint(`store:after-${verb}`);
  return result;
}

function transactionOn(db: SqliteConnection): Transaction {
  const known = transactions.get(db);
  if (known !== undefined) return known;
  const { immediate } = db.transaction<Transaction>((verb, work) => {
    const result = work();
    crashPoint(`store:inside-${verb}`);
    return result;
  });
  transactions.set(db, immediate);
  return immediate;
}
