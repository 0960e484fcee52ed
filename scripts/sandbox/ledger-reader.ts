// Reads a ledger file, also while a sandbox is still writing it. It judges nothing: lines that are not whole are
// counted and skipped.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { type AcceptedLine, type FaultLine, type LedgerLine, parseLedgerLine } from './ledger-line.ts';

/** A ledger, in the order of writing. */
export interface LedgerContent {
  readonly accepted: readonly AcceptedLine[];
  readonly faults: readonly FaultLine[];
  /** Lines that are not whole: at most one for each time that the sandbox was killed. */
  readonly tornLines: number;
}

/** Reads all of `file`. A file that does not exist is an empty ledger; one that cannot be read throws. */
export function readLedger(file: string): LedgerContent {
  const accepted: AcceptedLine[] = [];
  const faults: FaultLine[] = [];
  let tornLines = 0;
  for (const line of ledgerLines(file)) {
    if (line === null) tornLines++;
    else if (line.kind === 'accepted') accepted.push(line);
    else faults.push(line);
  }
  return { accepted, faults, tornLines };
}

const CHUNK_BYTES = 1 << 20;

/** Line after line, null for one that is torn, holding a piece of the file in memory and not all of it. */
export function* ledgerLines(file: string): Generator<LedgerLine | null> {
  if (!existsSync(file)) return;
  const descriptor = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let length = 1; length > 0; ) {
      length = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      const lines = (rest + decoder.write(chunk.subarray(0, length))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield parseLedgerLine(line);
    }
    if (rest !== '') yield parseLedgerLine(rest);
  } finally {
    closeSync(descriptor);
  }
}
