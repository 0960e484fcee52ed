// The sandbox's own record of what it accepted and which faults it showed: a small entry per key in memory and,
// when there is a file, a line per acceptance and per fault. Payloads are never kept, only their hash.
import { hash } from 'node:crypto';
import type { FanoutEvent } from './fanout-body.ts';
import type { Fate } from './fate.ts';
import type { LedgerSink } from './ledger-file.ts';
import type { AcceptedAnswer, AcceptedLine, FaultLine, LedgerLine, RecordedFault } from './ledger-line.ts';

/** What is remembered of one idempotency key. */
export interface KeyEntry {
  readonly owner: string;
  readonly type: string;
  /** Length and SHA-256 of the `data` bytes of the first acceptance. */
  readonly bytes: number;
  readonly sha256: string;
  readonly timesAccepted: number;
  readonly firstAtMs: number;
  /** Whether a later acceptance brought other bytes under the same key, which must never happen. */
  readonly isChanged: boolean;
}

/** Questions to the ledger; all answer from memory. Events without a key count only in `acceptedCount`. */
export interface LedgerQueries {
  /** Acceptances, repeats included. */
  acceptedCount(): number;
  /** Distinct keys. */
  keyCount(): number;
  /** The keys in the order of their first acceptance. */
  keys(): IterableIterator<string>;
  entry(key: string): KeyEntry | undefined;
  /** 0 for a key never accepted. */
  timesAccepted(key: string): number;
  /** Keys whose `data` changed between acceptances. */
  changedKeys(): readonly string[];
  /** The newest lines, oldest first: at least the last 1,000, if there are so many. */
  recent(): readonly LedgerLine[];
}

export interface Acceptance {
  readonly event: FanoutEvent;
  readonly fate: Fate;
  readonly answer: AcceptedAnswer;
}

/** What is known of a request that met a fault. */
export type FaultDetails = Pick<FaultLine, 'key' | 'stored' | 'delayMs' | 'status'>;

export interface Ledger extends LedgerQueries {
  /** Writes the acceptance down; only when this has returned may a reply be sent. Throws if it cannot be written. */
  accept(acceptance: Acceptance): AcceptedLine;
  fault(fault: RecordedFault, details?: FaultDetails): void;
  /** Learns a line of an earlier life, without writing it again. */
  restore(line: LedgerLine): void;
}

const RECENT_LINES = 1000;

type Writable<Entry> = { -readonly [Name in keyof Entry]: Entry[Name] };

/** An empty ledger that writes to `sink`, or only remembers when that is null. `nowMs` gives epoch milliseconds. */
export function createLedger(sink: LedgerSink | null, nowMs = Date.now): Ledger {
  const entries = new Map<string, Writable<KeyEntry>>();
  const changed = new Set<string>();
  let recent: LedgerLine[] = [];
  let accepted = 0;

  function remember(line: LedgerLine): void {
    recent.push(line);
    if (recent.length >= 2 * RECENT_LINES) recent = recent.slice(-RECENT_LINES);
    if (line.kind !== 'accepted') return;
    accepted++;
    if (line.key === '') return;
    const entry = entries.get(line.key);
    if (entry === undefined) {
      const { owner, type, bytes, sha256, atMs } = line;
      entries.set(line.key, {
        owner,
        type,
        bytes,
        sha256,
        timesAccepted: 1,
        firstAtMs: atMs,
        isChanged: false,
      });
      return;
    }
    entry.timesAccepted++;
    if (entry.sha256 === line.sha256) return;
    entry.isChanged = true;
    changed.add(line.key);
  }

  function write<Line extends LedgerLine>(line: Line): Line {
    sink?.append(JSON.stringify(line));
    remember(line);
    return line;
  }

  return {
    acceptedCount: () => accepted,
    keyCount: () => entries.size,
    keys: () => entries.keys(),
    entry: (key) => entries.get(key),
    timesAccepted: (key) => entries.get(key)?.timesAccepted ?? 0,
    changedKeys: () => [...changed],
    recent: () => [...recent],
    accept: (acceptance) =>
      write(
        acceptedLine(acceptance, {
          nth: (entries.get(acceptance.event.key)?.timesAccepted ?? 0) + 1,
          ...instant(nowMs()),
        }),
      ),
    fault(fault, details = {}) {
      write<FaultLine>({ kind: 'fault', fault, ...details, ...instant(nowMs()) });
    },
    restore: remember,
  };
}

function acceptedLine(
  { event, fate, answer }: Acceptance,
  { nth, ...at }: { readonly nth: number } & Instant,
): AcceptedLine {
  return {
    kind: 'accepted',
    key: event.key,
    owner: event.owner,
    type: event.type,
    bytes: event.data.length,
    sha256: hash('sha256', event.data),
    ...at,
    nth,
    answer,
    ...(fate === 'delivered' ? {} : { fate }),
  };
}

type Instant = Pick<AcceptedLine, 'atMs' | 'monotonicMs'>;

function instant(atMs: number): Instant {
  return { atMs, monotonicMs: Number(process.hrtime.bigint() / 1000n) / 1000 };
}
