// The ways in which a benchmark ends without a result. Recognise them by `code`.

export type BenchErrorCode =
  /** A flag is unknown or wrong. */
  | 'ERR_BENCH_USAGE'
  /** Something did not come up or did not end in time, or a count is not what it must be. */
  | 'ERR_BENCH_COULD_NOT_RUN'
  /** Somebody asked the run to stop. */
  | 'ERR_BENCH_INTERRUPTED';

/** An error that says what was tried and what came of it; it ends the run, never the clean-up. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
  readonly code: BenchErrorCode;

  constructor(code: BenchErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** One exit status per outcome, so that a script can tell them apart. */
export const exitStatus = { measured: 0, couldNotRun: 1, usage: 2, interrupted: 130 } as const;
