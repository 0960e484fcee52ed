// What in a run can make an event to be accepted twice, taken from the record and the ledger. What cannot, such as a
// stop with SIGTERM or a plain error status, is not in here, and so excuses nothing.
import type { AcceptedAnswer, AcceptedLine, FaultLine } from '../sandbox/ledger-line.ts';
import { databaseCauses } from './database-causes.ts';
import type { Evidence } from './evidence.ts';
import { linesOf, type Span, type Who } from './record.ts';
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
 * The kill or pause of a relayer is good for what it held, and never for more repeats than it has slots. What ends or stalls
 * the sandbox (its kill, a pause, and the death of PM2, which stops it) may cost every relayer the answers to all that it has in
 * flight. A fault that withheld the answer to an event that was stored, or lost the event after the right answer, is good for one
 * repeat of that event; so is an acceptance that came after the relayer had given up. What is done to the database: database-causes.ts.
 */
export function causesOf(evidence: Pick<Evidence, 'record' | 'ledger'>): readonly Cause[] {
  const [run] = linesOf(evidence.record, 'run');
  if (run === undefined) return [];
  const { concurrency } = run;
  const kills = linesOf(evidence.record, 'kill');
  const pauses = linesOf(evidence.record, 'pause');
  const ofRelayers = [
    ...kills.filter(isRelayer).map((line) => ({ ...line, held: line.estate?.held })),
    ...pauses.filter(isRelayer),
  ];
  const starts = linesOf(evidence.record, 'PM2 start');
  const ofSandbox = [
    ...[...kills, ...pauses]
      .filter(({ target }) => target === 'sandbox')
      .map((line) => ({ ...line, kind: 'sandbox' })),
    // The old sandbox ends when it notices, some time before PM2 has started the next one.
    ...linesOf(evidence.record, 'PM2 kill').map(({ fromMs, toMs }) => ({
      ...{ kind: 'PM2', fromMs },
      toMs: starts.find((start) => start.fromMs >= toMs)?.toMs ?? toMs,
    })),
  ];
  return [
    ...ofRelayers.map(({ held, ...line }) => ({
      ...hit(line, concurrency),
      ...(held === undefined ? {} : { keys: new Set(held) }),
    })),
    ...ofSandbox.map((line) => hit(line, concurrency * run.relayers)),
    ...databaseCauses(evidence, run),
    ...evidence.ledger.accepted.filter(mustBeSentAgain).map(repeatable),
    ...evidence.ledger.faults.filter((line) => isTimeout(line, run.requestTimeoutMs)).map(late),
    ...acceptedTooLate(evidence, run.requestTimeoutMs).map(repeatable),
  ];
}

function isRelayer({ target }: Who): boolean {
  return target === 'relayer';
}

function hit({ kind, fromMs, toMs }: Span & { readonly kind: string }, capacity: number): Cause {
  return { kind, fromMs, toMs: toMs + onTheWireMs, capacity };
}

/** The event was stored, and the relayer was told something else, or nothing. */
const withheldAnswers: readonly AcceptedAnswer[] = [
  'hang-after-accepting',
  'reset-after-accepting',
  'lost-reply',
  'garbage',
  'huge-reply',
];

/** The relayer cannot know that it was accepted; or it can tell, by reading back, that it was accepted and is gone. */
function mustBeSentAgain({ answer, fate }: AcceptedLine): boolean {
  return withheldAnswers.includes(answer) || fate === 'lost';
}

/** Instants in the ledger are whole microseconds: this is after the acceptance, and before the next one. */
const justAfterMs = 0.000_5;

/** Good for the acceptance that follows this one, and not for this one. */
function repeatable({ key, monotonicMs }: AcceptedLine): Cause {
  const atMs = monotonicMs + justAfterMs;
  return { kind: 'fault', fromMs: atMs, toMs: atMs, capacity: 1, keys: new Set([key]) };
}

/**
 * The right answer, but so late that the relayer may have given up. Half of its timeout counts: a busy machine adds its
 * own delay. A client that left (`client-gone`) is no fault: it would excuse a relayer that hangs up on everything.
 */
function isTimeout({ fault, delayMs = 0 }: FaultLine, requestTimeoutMs: number): boolean {
  return fault === 'drip' || (fault === 'slow' && delayMs >= requestTimeoutMs / 2);
}

function late({ key, monotonicMs }: FaultLine): Cause {
  return { kind: 'fault', fromMs: monotonicMs, toMs: monotonicMs, capacity: 1, keys: new Set([key ?? '']) };
}

/** A timer counts from the beginning of its turn of the event loop, which is a little earlier than the request. */
const earlyTimerMs = 100;

/**
 * The acceptances that nobody waited for any more: for each time that a relayer gave up, the next one of that event. Its own word
 * is not enough. It must have waited for all of its timeout; and what was answered before that had passed, it had to read,
 * even if it stood still at that moment.
 */
function acceptedTooLate(
  { record, ledger }: Pick<Evidence, 'record' | 'ledger'>,
  requestTimeoutMs: number,
): readonly AcceptedLine[] {
  const tooLate = new Set<AcceptedLine>();
  for (const { key, tookMs, monotonicMs } of linesOf(record, 'gave up')) {
    const overdueMs = tookMs - requestTimeoutMs;
    if (overdueMs < -earlyTimerMs) continue;
    const deadlineMs = monotonicMs - Math.max(overdueMs, 0) - onTheWireMs;
    const isTooLate = (line: AcceptedLine) => line.key === key && answeredMs(line, ledger) >= deadlineMs;
    const next = ledger.accepted.find((line) => !tooLate.has(line) && isTooLate(line));
    if (next !== undefined) tooLate.add(next);
  }
  return [...tooLate];
}

/** Two clocks of one process, read one after the other. */
const sameInstantMs = 5;

/** When the answer to an acceptance left, or its client did: soon after it, unless the ledger says otherwise. */
function answeredMs({ key, monotonicMs }: AcceptedLine, { faults }: Evidence['ledger']): number {
  const end = faults.find(
    (line) =>
      (line.fault === 'late-answer' || line.fault === 'client-gone') &&
      line.key === key &&
      Math.abs(line.monotonicMs - (line.delayMs ?? 0) - monotonicMs) < sameInstantMs,
  );
  return end?.monotonicMs ?? monotonicMs;
}
