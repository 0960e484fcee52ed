// Appends lines to the ledger file with synchronous writes: what was written survives `kill -9` of this process at
// the next instant. It does not fsync, so a power cut may take the newest lines.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** Where lines go. */
export interface LedgerSink {
  /** Writes one line, without its line break. Throws when it cannot; the line then does not count. */
  append(line: string): void;
  close(): void;
}

/**
 * Opens `file` for appending, making it if need be. A torn last line is ended, so that the next one starts on a
 * fresh line; the torn text stays as it is, and readers skip it.
 */
export function openLedgerFile(file: string): LedgerSink {
  const descriptor = openSync(file, 'a+');
  let isMidLine = endsMidLine(descriptor);
  return {
    append(line) {
      const bytes = Buffer.from(isMidLine ? `\n${line}\n` : `${line}\n`);
      isMidLine = true;
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
      isMidLine = false;
    },
    close: () => closeSync(descriptor),
  };
}

function endsMidLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last.toString() !== '\n';
}
