// Names for the moments at which a sudden end could do harm. In a release passing one does nothing, and nothing can change
// that: there is no hook, no variable, no flag. The tests build a copy in which this one file is another.

/** The store's verbs that write, and a turn by what it does: one with settlements (and perhaps a claim), or a claim alone. */
export type WritingVerb =
  | 'claim'
  | 'settle'
  | 'take-over'
  | 'resume'
  | 'promote'
  | 'recall'
  | 'redrive'
  | 'discard'
  | 'prune'
  | 'confirm'
  | 'resend'
  | 'report'
  | 'hold'
  | 'release';

/** Every crash point. Those called inside and before-commit lie in an open write transaction, as do migrations but the last. */
export type CrashPoint =
  // A new file has been made and is empty; a connection has switched its file to WAL.
  | 'file:created'
  | 'database:in-wal-mode'
  // A migration: the transaction has begun; its statements are done; its row is written; it is committed.
  | 'migration:begun'
  | 'migration:applied'
  | 'migration:recorded'
  | 'migration:committed'
  // The writing application, on either side of its COMMIT.
  | 'ingester:between-inserts'
  | 'client:before-commit'
  | 'client:after-commit'
  | 'ingester:before-journal'
  // Everything is done and not committed; it is committed and nobody knows.
  | `store:inside-${WritingVerb}`
  | `store:after-${WritingVerb}`
  | 'store:between-settle-and-claim'
  | 'wal:before-checkpoint'
  | 'wal:after-checkpoint'
  // A relayer's own slot is locked; so is that of a dead one, whose leases are still there.
  | 'relayer:slot-taken'
  | 'relayer:dead-slot-locked'
  // One event is about to be sent; Convoy has accepted it, and only this process knows.
  | 'relayer:before-send'
  | 'relayer:after-acceptance'
  // A stop: everything is settled or released, and still open.
  | 'relayer:drained'
  // Reading back: a page has come; an event is found missing and is to be sent again.
  | 'confirm:page-read'
  | 'confirm:missing';

/** Marks that this moment is passed. Does nothing. */
export function crashPoint(_name: CrashPoint): void {}
