// Turns whose answer never came: the connection was lost once they were sent, and nobody can tell whether they were committed. What such a
// turn claimed is in nobody's hands, and would wait until its lease ends; so it is given back, by the lease's id. What it settled is settled
// again, and a lease that is gone by then need not be lost to another.
import type { Clock } from '../outbox/clock.ts';
import { isOfServer, isPassing } from '../outbox/judge-trouble.ts';
import type { Log } from '../outbox/log.ts';
import type { OutboxStore, Settlement, TurnRequest, TurnResult } from '../outbox/store.ts';

export interface UnheardParts {
  readonly store: Pick<OutboxStore, 'turn' | 'giveBack'>;
  /** Something may be due again. */
  readonly onGivenBack: () => void;
  /** Told how many events were lost to another relayer. */
  readonly onLeasesLost?: (events: number) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
}

/** A statement may be running on the server long after its connection: so claims are asked for more than once, until their leases have ended. */
const askEveryMs = 1_000;
/**
 * While a server is away giving back fails first, so that no further claim is sent. One that answers that, and then loses the turn, again and again,
 * leaves a claim each time: of more than these, the oldest have to run out.
 */
const mostClaims = 64;

export class Unheard {
  readonly #parts: UnheardParts;
  #claims: { readonly leaseId: string; readonly untilMs: number }[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;
  readonly #settlements = new WeakSet<Settlement>();

  constructor(parts: UnheardParts) {
    this.#parts = parts;
  }

  /** When a turn is worth it for this alone; null when nothing is to be asked for. */
  get nextAskInMs(): number | null {
    if (this.#claims.length === 0) return null;
    return Math.max(0, this.#askedAtMs + askEveryMs - this.#parts.clock.monotonicMs());
  }

  /** The store's turn, after what earlier ones may have claimed was given back. Rejects as it does. */
  async turn(request: TurnRequest): Promise<TurnResult> {
    await this.#giveBack();
    try {
      return await this.#parts.store.turn(request);
    } catch (error) {
      // A file tells whether it was written. Whatever was claimed by a turn that was answered is in flight, and never comes here.
      if (isOfServer(error) && isPassing(error)) this.#remember(request);
      throw error;
    }
  }

  /** Says which settlements came too late. */
  tellLost(lost: readonly Settlement[]): void {
    const again = lost.filter((settlement) => this.#settlements.has(settlement)).length;
    const events = lost.length - again;
    if (events > 0) {
      this.#parts.log.warn('leases lost to another relayer', { events });
      this.#parts.onLeasesLost?.(events);
    }
    if (again > 0) this.#parts.log.info('settled already when the connection was lost', { events: again });
  }

  #remember({ settlements, claim }: TurnRequest): void {
    const { clock, leaseMs } = this.#parts;
    for (const settlement of settlements) this.#settlements.add(settlement);
    if (claim === null) return;
    const unheard = { leaseId: claim.leaseId, untilMs: clock.monotonicMs() + leaseMs };
    this.#claims = [...this.#claims, unheard].slice(-mostClaims);
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
  }

  async #giveBack(): Promise<void> {
    if (this.#claims.length === 0) return;
    const { store, clock, log, onGivenBack } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#askedAtMs + askEveryMs) return;
    const events = await store.giveBack({ leaseIds: this.#claims.map(({ leaseId }) => leaseId) });
    this.#askedAtMs = nowMs;
    this.#claims = this.#claims.filter(({ untilMs }) => untilMs > nowMs);
    if (events === 0) return;
    log.info('gave back what was claimed when the connection was lost', { events });
    onGivenBack();
  }
}
