// The kinds of trouble with a database, and the error of one that is spoken to over a network.

/**
 * `busy`: held by somebody for a moment, try again at once. `passing`: cannot be used now, may pass by itself. `damaged`: trying again
 * cannot help. `refused`: anything else that the database said no to.
 */
export type TroubleKind = 'busy' | 'passing' | 'damaged' | 'refused';

/** The longest pause between two tries of a server that is away, ms: one that was restarted is back within seconds, and a try costs it nothing. */
export const longestServerPauseMs = 1_000;

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
