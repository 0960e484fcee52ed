// What a database's error means for whoever must go on: wait, give up, or a mistake of ours. One answer for every engine; their own
// codes are judged in their own files.
import { DatabaseTrouble, type TroubleKind } from './database-trouble.ts';
import { sqliteTrouble } from './sqlite/code.ts';

/** Null when the error is not a database's: a mistake of ours. */
export function troubleOf(error: unknown): TroubleKind | null {
  return error instanceof DatabaseTrouble ? error.kind : sqliteTrouble(error);
}

/** Whether somebody holds what is needed: try again in a moment. */
export function isBusy(error: unknown): boolean {
  return troubleOf(error) === 'busy';
}

/** Whether it may pass by itself: a lock, a full disk, an I/O error, a server that is away. */
export function isPassing(error: unknown): boolean {
  const kind = troubleOf(error);
  return kind === 'busy' || kind === 'passing';
}

/** Whether the database is damaged: trying again cannot help. */
export function isCorrupt(error: unknown): boolean {
  return troubleOf(error) === 'damaged';
}

/** Whether a database said anything at all; an error of any other kind is a mistake of ours. */
export function isDatabaseError(error: unknown): boolean {
  return troubleOf(error) !== null;
}

/** Whether the database is a server, which people look after in other ways than a file. */
export function isOfServer(error: unknown): boolean {
  return error instanceof DatabaseTrouble;
}
