// A relayer's proof of life: a numbered slot that one process holds and that the database's own machinery frees when the process
// dies, however it dies. Who gets a slot knows that its previous holder is gone. How it is held is each engine's own affair.

/** A held slot. */
export interface RelayerSlot {
  /** `00` to `63`. */
  readonly name: string;
  /**
   * Whether nobody else can hold it: then its earlier holders are known to be dead. False where the database offers no such lock (behind a
   * proxy that pools by transaction): leases of the dead have to run out.
   */
  readonly isExclusive: boolean;
  /** Throws ERR_OUTBOX_SLOT when somebody else may hold the slot by now, and why. Asked at each poll interval. */
  assertHeld(): void;
  /** Resolves when the slot has been lost while its holder lives on; absent where that cannot be told at once. */
  readonly lost?: Promise<void>;
  /** Gives it back; harmless to repeat. Never rejects. */
  release(): Promise<void>;
}

/** All slots of one database. */
export interface RelayerSlots {
  /** Takes the first free one. Rejects with ERR_OUTBOX_SLOT when all 64 are held, and with what `tryAcquire` rejects with. */
  acquire(): Promise<RelayerSlot>;
  /** Takes one slot, or resolves with null while its holder lives. Rejects when that cannot be told. */
  tryAcquire(name: string): Promise<RelayerSlot | null>;
  /** Takes the one lock of the relayer that reads back, or resolves with null while its holder lives. */
  tryAcquireConfirm(): Promise<Pick<RelayerSlot, 'release'> | null>;
  /** Those of the given slots whose relayers live; a slot of this process may be among them. */
  alive(names: readonly string[]): Promise<readonly string[]>;
}
