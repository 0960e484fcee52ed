// What a check of the doctor comes to: one line, and what to do about it.

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** `unknown` where it cannot be told from here; only `wrong` makes the command fail. */
  readonly level: 'ok' | 'unknown' | 'caution' | 'wrong';
  readonly says: string;
  /** Null when there is nothing to do. */
  readonly todo: string | null;
}

/** All is well. */
export const ok = (check: string, says: string): Finding => ({ check, level: 'ok', says, todo: null });

/** It cannot be told. */
export const unknown = (check: string, says: string, todo: string | null = null): Finding => ({
  check,
  level: 'unknown',
  says,
  todo,
});

/** It works, and it should be otherwise. */
export const caution = (check: string, says: string, todo: string): Finding => ({
  check,
  level: 'caution',
  says,
  todo,
});

/** It does not work, or events may be lost. */
export const wrong = (check: string, says: string, todo: string): Finding => ({
  check,
  level: 'wrong',
  says,
  todo,
});
