// The database of an outbox as a running relayer holds it, whatever the engine: the store's verbs, and beside them what each engine
// does in its own way. It says what there is; sqlite/database.ts and postgres/database.ts open one.
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { RelayerSlots } from './relayer-slot.ts';
import type { OutboxStore } from './store.ts';

/** Who is to know of commits. */
export interface Woken {
  /** Somebody may have committed. */
  wake(): void;
  /** Nothing is in flight: it may stand still for some tenths of a millisecond, to see a commit sooner. */
  readonly isQuiet: boolean;
}

export interface OutboxDatabase {
  readonly engine: 'sqlite' | 'postgres';
  /** As logs and errors call it: the absolute path of the file, or host, port and database. Never a password. */
  readonly name: string;
  readonly store: OutboxStore;
  readonly slots: RelayerSlots;
  /** The time by which its events become due: this machine's, or the server's. */
  readonly clock: Clock;
  /** What the connection says of itself, for the record. Rejects when the database does. */
  facts(): Promise<Readonly<Record<string, string | number>>>;
  /** Wakes whom it is given when somebody may have committed, which is a hint and may be missed. Returns what stops it. */
  watch(woken: Woken, log: Log): () => void;
  /** Housekeeping for a moment in which nothing is in flight. Resolves with false when somebody was in the way; a later moment will do. */
  tidyUp(): Promise<boolean>;
  /** Throws ERR_OUTBOX_DATABASE_REPLACED when what is committed here would no longer be seen by others. */
  assertSame(): void;
  /** An error of the database in words that say what to do; every other error unchanged. */
  explained(error: unknown): unknown;
  /** Ends its connections. */
  close(): Promise<void>;
}
