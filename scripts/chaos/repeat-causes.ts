// What in a run can make an event to be accepted twice, taken from the record and the ledger. What cannot, such as a
// stop with SIGTERM or a plain error status, is not in here, and so excuses nothing.
import type { AcceptedAnswer, AcceptedLine, FaultLine } from '../sandbox/ledger-line.ts';
import type { Evidence } from './evidence.ts';
import { linesOf } from './record.ts';
import type { Cause, Repeat } from './repeats.ts';

/** Every acceptance but a key's first, with the one before it. */
export function repeatsOf(accepted: readonly AcceptedLine[]): readonly Repeat[] {
  const last = new Map<string, number>();
  const repeats: Repeat[] = [];
  for (const { key, monotonicMs } of accepted) {
    const fromMs = last.get(key);
    if (fromMs !== undefined) repeats.push({ key, fromMs, toMs: monotonicMs });
    last.set(key, monotonicMs);
  }
  return repeats;
}

/** A request that was on the wire when its sender was hit is accepted a moment after; more than this is no excuse. */
const onTheWireMs = 250;

/**
 * Kills and pauses of a relayer or of the sandbox, each good for as many repeats as a relayer has slots, and faults that
 * withheld the answer to an event that was stored, each good for one repeat of its own key.
 */
export function causesOf(evidence: Evidence): readonly Cause[] {
  const [run] = linesOf(evidence.record, 'run');
  if (run === undefined) return [];
  const kills = linesOf(evidence.record, 'kill').filter(({ target }) => target !== 'ingester');
  const pauses = linesOf(evidence.record, 'pause');
  return [
    ...[...kills, ...pauses].map(({ kind, fromMs, toMs }) => ({
      kind,
      fromMs,
      toMs: toMs + onTheWireMs,
      capacity: run.concurrency,
    })),
    ...evidence.ledger.accepted.filter(({ answer }) => withheldAnswers.includes(answer)).map(withheld),
    ...evidence.ledger.faults.filter((line) => isTimeout(line, run.requestTimeoutMs)).map(late),
  ];
}

/** The event was stored, and the relayer was told something else, or nothing. */
const withheldAnswers: readonly AcceptedAnswer[] = [
  'hang-after-accepting',
  'reset-after-accepting',
  'lost-reply',
  'garbage',
  'huge-reply',
];

function withheld({ key, monotonicMs }: AcceptedLine): Cause {
  return { kind: 'fault', fromMs: monotonicMs, toMs: monotonicMs, capacity: 1, key };
}

/**
 * The right answer, but so late that the relayer may have given up. Half of its timeout counts: a busy machine adds its
 * own delay. A client that left (`client-gone`) is no fault: it would excuse a relayer that hangs up on everything.
 */
function isTimeout({ fault, delayMs = 0 }: FaultLine, requestTimeoutMs: number): boolean {
  return fault === 'drip' || (fault === 'slow' && delayMs >= requestTimeoutMs / 2);
}

function late({ key, monotonicMs }: FaultLine): Cause {
  return { kind: 'fault', fromMs: monotonicMs, toMs: monotonicMs, capacity: 1, key: key ?? '' };
}
