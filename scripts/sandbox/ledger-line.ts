// The shape of a line in the ledger, and how one is recognised again. A line that does not parse whole is not a
// line: it was being written when the process died.
import type { Fate } from './fate.ts';
import type { FaultKind } from './fault.ts';

/** How the client was going to be told: rightly, or as the named fault does. */
export type AcceptedAnswer = 'queued' | 'duplicate' | FaultKind;

/** One acceptance. It is in the file before the reply is sent. */
export interface AcceptedLine {
  readonly kind: 'accepted';
  /** The idempotency key; empty when none was given, which protects nothing. */
  readonly key: string;
  readonly owner: string;
  readonly type: string;
  /** Length of the raw `data` value in bytes. */
  readonly bytes: number;
  /** SHA-256, in hexadecimal, of the bytes of the `data` value exactly as they came. */
  readonly sha256: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** CLOCK_MONOTONIC in milliseconds, the same for all processes of one machine until it restarts. */
  readonly monotonicMs: number;
  /** How many times this key has been accepted, this time included. Always 1 without a key. */
  readonly nth: number;
  readonly answer: AcceptedAnswer;
  /** Present when accepting was not the whole story: what becomes of it instead of a delivery. */
  readonly fate?: Fate;
}

/**
 * What a fault line names: an injected fault; a client that left before its reply was written; or a reply that left so long after the
 * acceptance that its client may have given up, for whatever reason: an injected one, or a machine with too much to do.
 */
export type RecordedFault = FaultKind | 'client-gone' | 'late-answer';

/** One fault that touched one request. */
export interface FaultLine {
  readonly kind: 'fault';
  readonly fault: RecordedFault;
  /** The request's idempotency key, where the body had been read and held one. */
  readonly key?: string;
  /** How late a slow reply is to be. Of a late answer, and of a client that left: how long after the acceptance that was. */
  readonly delayMs?: number;
  /** True when the event was accepted although the answer was spoilt; else absent. */
  readonly stored?: true;
  /** The status that a `status` fault answered with. */
  readonly status?: number;
  readonly atMs: number;
  readonly monotonicMs: number;
}

export type LedgerLine = AcceptedLine | FaultLine;

/** The line in `text`, or null when it is torn or of another program. */
export function parseLedgerLine(text: string): LedgerLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('atMs' in value)) return null;
  const isAccepted = value.kind === 'accepted' && 'key' in value && typeof value.key === 'string';
  const isFault = value.kind === 'fault' && 'fault' in value && typeof value.fault === 'string';
  return isAccepted || isFault ? (value as LedgerLine) : null;
}
