// How a database that cannot be used is described: one line each, with what to do. It judges SQLite's codes; it opens
// nothing.
import { OutboxError } from './outbox-error.ts';
import { isBusy, isCorrupt, isPassing } from './sqlite/code.ts';

/** The file cannot be opened, created or written; `what` completes "the database FILE ...". */
export function unavailable(file: string, what: string, cause?: unknown): OutboxError {
  return new OutboxError('ERR_OUTBOX_DATABASE_UNAVAILABLE', `the database ${file} ${what}`, { cause });
}

/** Trouble that may pass: the process may be started again by itself, or a person's command be run `again`. */
export function blocked(
  file: string,
  cause: unknown,
  again: 'start again' | 'run the command again' = 'start again',
): OutboxError {
  const what = isBusy(cause)
    ? `is locked by another process: find it (fuser or lsof) or wait, then ${again}`
    : `cannot be read or written at this moment: check disk space and disk health, then ${again}`;
  return new OutboxError('ERR_OUTBOX_DATABASE_BLOCKED', `the database ${file} ${what}`, { cause });
}

/** The file is damaged, or something else than a database. */
export function corrupt(file: string, cause?: unknown): OutboxError {
  return new OutboxError(
    'ERR_OUTBOX_DATABASE_CORRUPT',
    `${file} is damaged or not an SQLite database; it was left as it is. Restore a backup, or point DATABASE_URL at another file`,
    { cause },
  );
}

/** Damage and passing trouble in our words; every other error unchanged. */
export function explained(file: string, error: unknown): unknown {
  return isCorrupt(error) || isPassing(error) ? describeDatabaseError(file, error) : error;
}

/** Turns an error of SQLite into ours; an OutboxError passes unchanged. */
export function describeDatabaseError(file: string, cause: unknown): OutboxError {
  if (cause instanceof OutboxError) return cause;
  if (isCorrupt(cause)) return corrupt(file, cause);
  if (isPassing(cause)) return blocked(file, cause);
  return unavailable(file, 'cannot be opened: check the path, its owner and its permissions', cause);
}
