// A lease as the referee of a simulation keeps it, and the book of them all.
import type { ClaimedEvent } from '../../apps/outbox/store.ts';
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
  /** The answer to its claim was lost: its process does not know of it. */
  isUnheard: boolean;
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
function keyOf({ seq, leaseId }: { readonly seq: number; readonly leaseId: string }): string {
  return `${leaseId} ${seq}`;
}

/** Every lease that there was in a simulation. */
export class LeaseBook {
  readonly #leases = new Map<string, Lease>();
  readonly #ofEvent = new Map<number, Lease[]>();
  readonly #held = new Map<SimulatedProcess, Set<Lease>>();

  add(lease: Lease): void {
    this.#leases.set(keyOf(lease), lease);
    this.#ofEvent.set(lease.seq, [...this.ofEvent(lease.seq), lease]);
    this.#held.set(lease.process, this.heldBy(lease.process).add(lease));
  }

  find(event: { readonly seq: number; readonly leaseId: string }): Lease | undefined {
    return this.#leases.get(keyOf(event));
  }

  /** All leases of an event, the newest last. */
  ofEvent(seq: number): readonly Lease[] {
    return this.#ofEvent.get(seq) ?? [];
  }

  heldBy(process: SimulatedProcess): Set<Lease> {
    return this.#held.get(process) ?? new Set();
  }

  /** What each process holds. */
  get held(): Iterable<readonly [SimulatedProcess, ReadonlySet<Lease>]> {
    return this.#held;
  }

  /** The answer to a claim was lost: nobody sends these events until they are given back, or their leases end. */
  unheard(claimed: readonly ClaimedEvent[]): void {
    for (const lease of claimed.map((event) => this.find(event))) {
      if (lease === undefined) continue;
      lease.isUnheard = true;
      this.letGo(lease);
    }
  }

  /** Claims were given back. Returns the lease of one whose answer was not lost: somebody may be sending its event. */
  giveBack(leaseIds: readonly string[]): Lease | undefined {
    const leases = [...this.#leases.values()].filter(({ leaseId }) => leaseIds.includes(leaseId));
    for (const lease of leases) lease.isOver = true;
    return leases.find(({ isUnheard }) => !isUnheard);
  }

  /** Its process no longer counts it among what it holds. */
  letGo(lease: Lease): void {
    this.heldBy(lease.process).delete(lease);
  }
}
