// A lease as the referee of a simulation keeps it.
import type { Outcome } from '../../apps/relayer/outcome.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** A lease as its holder sees it: it is over when the holder has tried to settle it, or is dead. */
export interface Lease {
  readonly process: SimulatedProcess;
  readonly seq: number;
  readonly leaseId: string;
  /** When it was committed; monotonic. */
  readonly claimedAtMs: number;
  /** Its end as the table has it: by the wall clock, which may be set. */
  readonly endsAtMs: number;
  isOver: boolean;
  request: Request | null;
  /** The recorded fault for which its event may be sent again although Convoy has it. */
  excuse: string | null;
}

/** What became of the one request that a lease allows. */
export interface Request {
  isAnswered: boolean;
  isAccepted: boolean;
  outcome: Outcome | null;
}

/** A lease id is of one claim, which takes several events. */
export function keyOf({ seq, leaseId }: { readonly seq: number; readonly leaseId: string }): string {
  return `${leaseId} ${seq}`;
}
