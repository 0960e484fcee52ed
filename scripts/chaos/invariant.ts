// What a rule is that any run must keep.
import type { Evidence } from './evidence.ts';

export interface Invariant {
  readonly name: string;
  /** What it promises, as a sentence. */
  readonly promise: string;
  /** Keys, ids or words that break it. */
  readonly offenders: (evidence: Evidence) => readonly string[];
}
