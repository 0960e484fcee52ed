// What a database's error means for whoever must go on: wait, give up, or a mistake of ours. One answer for every engine; the engines'
// own codes are judged in their own files.
import { sqliteTrouble } from './sqlite/code.ts';

/**
 * `busy`: held by somebody for a moment, try again at once. `passing`: cannot be used now, may pass by itself. `damaged`: trying again
 * cannot help. `refused`: anything else that the database said no to.
 */
export type TroubleKind = 'busy' | 'passing' | 'damaged' | 'refused';

/** An error of a database that is spoken to over a network. It quotes no row and no password. */
export class DatabaseTrouble extends Error {
  override readonly name = 'DatabaseTrouble';
  readonly kind: TroubleKind;
  /** The engine's own code, such as SQLSTATE `57P01` or Node's `ECONNREFUSED`. */
  readonly code: string;

  constructor(given: {
    readonly kind: TroubleKind;
    readonly code: string;
    readonly message: string;
    readonly cause?: unknown;
  }) {
    super(given.message, { cause: given.cause });
    this.kind = given.kind;
    this.code = given.code;
  }
}

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
