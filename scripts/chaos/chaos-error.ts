// The ways in which a chaos run ends without a verdict. Recognise them by `code`.

export type ChaosErrorCode =
  /** A flag is unknown or wrong. */
  | 'ERR_CHAOS_USAGE'
  /** Something needed is missing, or did not come up in time. */
  | 'ERR_CHAOS_COULD_NOT_RUN'
  /** Somebody asked the run to stop. */
  | 'ERR_CHAOS_INTERRUPTED';

/** An error that says what was tried and what to do next; it ends the run, never the clean-up. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError';
  readonly code: ChaosErrorCode;

  constructor(code: ChaosErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** One exit status per outcome, so that a script can tell them apart. */
export const exitStatus = { held: 0, broken: 1, usage: 2, couldNotRun: 3 } as const;
