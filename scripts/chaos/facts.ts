// What a run asks its database while it goes on, and the one thing it writes there: events that can never be delivered, as a careless
// program would insert them. Here is what is asked; sqlite/facts.ts and postgres/facts.ts ask it. A server that is away is waited for.

export interface Facts {
  counts(): Promise<{ readonly committed: number; readonly processed: number; readonly pending: number }>;
  /** The newest event's place. */
  lastSeq(): Promise<number>;
  /** Events up to that place that are neither processed nor dead. */
  pendingUpTo(seq: number): Promise<number>;
  /**
   * By process id, the slot of the relayer that came up last under it, and when (epoch ms). As they were last seen while a server is away:
   * this is not waited for.
   */
  relayerSlots(): Promise<ReadonlyMap<number, { readonly slot: string; readonly atMs: number }>>;
  /** The events that the relayer of that slot holds; null while a server is away. */
  leasedBy(slot: string): Promise<readonly LeasedEvent[] | null>;
  /** The same of a relayer that has died, once nothing of what it began is under way any more. */
  leftBy(dead: { readonly pid: number; readonly slot: string }): Promise<readonly LeasedEvent[] | null>;
  /** How many of these events, by key, wait or are leased. */
  pendingAmong(keys: readonly string[]): Promise<number>;
  /** Stale settlements refused so far. */
  fencedEvents(): Promise<number>;
  /** The gateways that relayers have checked and would deliver to. */
  gateways(): Promise<readonly string[]>;
  /** Whether no relayer is inside a transaction in which, stopped, it would block others. */
  isNobodyWriting(): Promise<boolean>;
  /** Inserts a row of `events`; returns its id, or null when another process holds the write lock. */
  insertEvent(row: PlainEvent): Promise<string | null>;
  close(): Promise<void>;
}

export interface LeasedEvent {
  /** The idempotency key. */
  readonly key: string;
  /** When the lease ends by itself; epoch ms. */
  readonly untilMs: number;
}

/** The three columns that a plain INSERT needs, and headers. */
export interface PlainEvent {
  readonly businessId: string;
  readonly eventType: string;
  readonly payload: string;
  readonly headers: string | null;
}
