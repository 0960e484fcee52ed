// The real thing that the model is held against: a database, and one store on a connection of its own per relayer slot. Stores are
// opened when they are first needed, and closed and opened again on demand.
import { leaseIds } from '../../apps/outbox/lease-id.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import type { EventRow } from '../outbox-database.ts';
import type { PlayedDatabase } from '../played-database.ts';

/** One relayer process: what it dies with is its store's connection, its lease ids and its memory. */
export interface Holder {
  readonly store: OutboxStore;
  readonly nextLeaseId: () => string;
  /** What it claimed and has not settled. */
  readonly inFlight: Set<number>;
}

export class StoreWorld {
  readonly #database: PlayedDatabase;
  readonly #holders = new Map<string, Holder>();
  #processes = 0;

  /** The database must be empty. */
  constructor(database: PlayedDatabase) {
    this.#database = database;
  }

  append(): Promise<number> {
    return this.#database.append();
  }

  /** The relayer of a slot, started if there is none. */
  holder(slot: string): Holder {
    const running = this.#holders.get(slot);
    if (running !== undefined) return running;
    this.#processes += 1;
    const nextLeaseId = leaseIds({ slot, token: `process${this.#processes}` });
    const holder = { store: this.#database.openStore(), nextLeaseId, inFlight: new Set<number>() };
    this.#holders.set(slot, holder);
    return holder;
  }

  /** The relayer of a slot dies; its leases stay. The next use of the slot is another process. */
  async kill(slot: string): Promise<void> {
    await this.#holders.get(slot)?.store.close();
    this.#holders.delete(slot);
  }

  rows(): Promise<readonly EventRow[]> {
    return this.#database.rows();
  }

  /** Does all of it at the same time, as far as the database can. */
  atOnce<Result>(works: readonly (() => Promise<Result>)[]): Promise<readonly Result[]> {
    return this.#database.atOnce(works);
  }

  /** All relayers end. */
  async end(): Promise<void> {
    for (const slot of [...this.#holders.keys()]) await this.kill(slot);
  }
}
