// What trouble with a database's server can make to be accepted twice. A lost session costs a relayer what it has in flight: others see its
// lock free and take that over, although it lives. A crash also takes back settlements that were committed without waiting for the disk.
import { harmlessDelayMs } from './arena.ts';
import type { Evidence } from './evidence.ts';
import { linesOf, type RecordOf } from './record.ts';
import type { Cause } from './repeats.ts';

/**
 * The server writes what nobody waited for to the disk after at most three times its wal_writer_delay (200 ms): its manual, "Asynchronous
 * Commit".
 */
const notOnDiskMs = 600;
/** From an acceptance until its settlement is committed: the answer's way, as slow as a healthy sandbox may be, and the turn. */
const settledAfterMs = harmlessDelayMs + 250;
/** What was in flight is answered after at most a request's time; then it takes a moment until it is accepted elsewhere. */
const onTheWireMs = 250;

/** One lost session explains at most `concurrency` repeats; a crash besides one of each event accepted just before it. */
export function databaseCauses(
  { record, ledger }: Pick<Evidence, 'record' | 'ledger'>,
  { concurrency, requestTimeoutMs }: Pick<RecordOf<'run'>, 'concurrency' | 'requestTimeoutMs'>,
): readonly Cause[] {
  return linesOf(record, 'database').flatMap(({ fromMs, toMs, isCrash, lostSessions }) => {
    const causes: Cause[] = [];
    if (lostSessions > 0) {
      const endMs = toMs + requestTimeoutMs + onTheWireMs;
      causes.push({ kind: 'session', fromMs, toMs: endMs, capacity: lostSessions * concurrency });
    }
    if (isCrash) {
      const sinceMs = fromMs - notOnDiskMs - settledAfterMs;
      const keys = new Set(
        ledger.accepted
          .filter(({ monotonicMs }) => monotonicMs >= sinceMs && monotonicMs <= toMs)
          .map(({ key }) => key),
      );
      causes.push({ kind: 'forgotten', fromMs, toMs: toMs + onTheWireMs, capacity: keys.size, keys });
    }
    return causes;
  });
}
