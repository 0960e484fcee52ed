// How much of the write-ahead log has been copied back, from the header of its index (SQLite's documentation of the WAL-index
// format, section 2.1): asking SQLite would mean a checkpoint. To be called before this process opens the database: closing
// an ordinary descriptor drops the locks of a process.
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

export interface WalProgress {
  /** Pages in the log. */
  readonly frames: number;
  /** Of these, copied into the database. */
  readonly copied: number;
}

const headerBytes = 100;
const framesAt = 16;
const copiedAt = 96;

/** Null when there is no index: no process has the database open. */
export function readWalProgress(file: string): WalProgress | null {
  const header = Buffer.alloc(headerBytes);
  let descriptor: number;
  try {
    descriptor = openSync(`${file}-shm`, 'r');
  } catch {
    return null;
  }
  try {
    if (readSync(descriptor, header, 0, headerBytes, 0) < headerBytes) return null;
    const read = (at: number) => (endianness() === 'LE' ? header.readUInt32LE(at) : header.readUInt32BE(at));
    return { frames: read(framesAt), copied: read(copiedAt) };
  } finally {
    closeSync(descriptor);
  }
}
