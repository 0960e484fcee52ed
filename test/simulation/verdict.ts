// What comes out of a simulation, and what the table may hold when it is over and its relayers have stopped.
import type { EventRow } from '../outbox-database.ts';
import type { Referee } from './referee.ts';

export interface Verdict {
  /** The first rule that was broken, or null. */
  readonly violation: string | null;
  readonly trace: readonly string[];
  readonly sent: number;
  readonly repeats: number;
  readonly steps: number;
}

/** Tells the referee what must not be there. */
export function judgeWhatIsLeft(
  referee: Referee,
  left: {
    readonly rows: readonly EventRow[];
    /** So many were committed. */
    readonly events: number;
    /** The slots of relayers that ended by themselves. */
    readonly ended: readonly string[];
  },
): void {
  if (left.rows.length !== left.events) referee.break('an event is not in the table');
  for (const { seq, status, lease_id: leaseId } of left.rows) {
    if (referee.kindOf(seq) === 'good' && status !== 'processed') referee.break(`event ${seq} is ${status}`);
    if (leaseId === null || !left.ended.includes(leaseId.slice(0, 2))) continue;
    // Nobody knows of a claim whose answer was lost.
    const isUnheard = referee.leases.find({ seq, leaseId })?.isUnheard === true;
    if (!isUnheard) referee.break(`event ${seq} still has a lease: ${leaseId}`);
  }
}
