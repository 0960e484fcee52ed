// A file of invoice ids whose COMMIT has returned: evidence from outside the database. Every line is a whole id; what
// a kill or a full disk cut off is shorter than an id, and so cannot be taken for one.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { OutboxError } from '../outbox/outbox-error.ts';

export interface Journal {
  /** Appends a line with one synchronous write. Throws what the file system throws. */
  add(invoiceId: string): void;
  close(): void;
}

const newline = '\n';

/**
 * Opens a journal for appending, or creates it. Lines of earlier runs stay. A line that was cut off is ended, never
 * completed. Throws ERR_OUTBOX_CONFIG when the file cannot be opened.
 */
export function openJournal(file: string): Journal {
  const descriptor = open(file);
  let isAtLineStart = endsLine(descriptor);
  return {
    add(invoiceId) {
      const line = Buffer.from(`${isAtLineStart ? '' : newline}${invoiceId}${newline}`);
      isAtLineStart = false;
      const writtenBytes = writeSync(descriptor, line);
      if (writtenBytes < line.length)
        throw new Error(`only ${writtenBytes} of ${line.length} bytes were written`);
      isAtLineStart = true;
    },
    close: () => closeSync(descriptor),
  };
}

function open(file: string): number {
  try {
    return openSync(file, 'a+');
  } catch (cause) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `--journal: ${file} cannot be written: check the folder and its permissions`,
      { cause },
    );
  }
}

function endsLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(descriptor, last, 0, 1, size - 1);
  return last.toString() === newline;
}
