// The errors that leave this project. Recognise them by `code`, never by their text.

/** Stable codes. A code never changes its meaning; new ones may be added. */
export type OutboxErrorCode =
  /** A flag, environment variable or combination of them is wrong. */
  | 'ERR_OUTBOX_CONFIG'
  /** An event was refused before it could be committed. */
  | 'ERR_OUTBOX_EVENT_INVALID'
  /** A call of the root client inside one of its own open transactions: it would wait for itself. */
  | 'ERR_OUTBOX_CLIENT_IN_TRANSACTION'
  /** PostgreSQL rolled a transaction back at its COMMIT: one of its statements had failed, and its callback went on all the same. */
  | 'ERR_OUTBOX_ROLLED_BACK'
  /** The file cannot be opened, created or written; the server refuses user, password, database or rights. */
  | 'ERR_OUTBOX_DATABASE_UNAVAILABLE'
  /** The database cannot be used at this moment: locked by another process, no room on the disk, a server that is away. It may pass. */
  | 'ERR_OUTBOX_DATABASE_BLOCKED'
  /** The file is not an SQLite database, or the database is damaged. */
  | 'ERR_OUTBOX_DATABASE_CORRUPT'
  /** The database belongs to another application, or its outbox tables have another shape. */
  | 'ERR_OUTBOX_DATABASE_FOREIGN'
  /** The database was migrated by a newer release, or its migration history was altered or broke off. */
  | 'ERR_OUTBOX_DATABASE_HISTORY'
  /** The database file was replaced or removed while it was open. */
  | 'ERR_OUTBOX_DATABASE_REPLACED'
  /** SQLite is too old to be safe with two processes. */
  | 'ERR_OUTBOX_SQLITE_VERSION'
  /** The PostgreSQL server is older than what this project is tested against. */
  | 'ERR_OUTBOX_POSTGRES_VERSION'
  /** The gateway says that the key belongs to another project. */
  | 'ERR_OUTBOX_WRONG_PROJECT'
  /** Convoy gave no answer to what a command asked. It may pass. */
  | 'ERR_OUTBOX_CONVOY'
  /** Every relayer slot is taken, or this one's lock was removed. */
  | 'ERR_OUTBOX_SLOT'
  /** There is no such event, or none in a state in which a command could act on it. Nothing was changed. */
  | 'ERR_OUTBOX_NO_EVENT';

/** An error that says what was tried, with what, and what to do next. `cause` holds the original, if any. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
  readonly code: OutboxErrorCode;

  constructor(code: OutboxErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
