// What a WAL holds, read as plain bytes (the SQLite file format, section 4). For files that no connection of this process has
// open: closing any descriptor on them would drop its locks.
import { readFileSync } from 'node:fs';
import { sizeOf } from '../../apps/outbox/sqlite/quiet-read.ts';

const headerBytes = 32;
const frameHeaderBytes = 24;

/** How many commits are in it; 0 for one that is empty or not there. Throws when older frames than those of its header are left. */
export function commitsIn(file: string): number {
  if (sizeOf(file) === 0) return 0;
  const wal = readFileSync(file);
  const salts = wal.subarray(16, 24);
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8);
  let commits = 0;
  for (let at = headerBytes; at < wal.length; at += frameBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) throw new Error(`the WAL holds older frames: ${file}`);
    // The last frame of a transaction says how large the database is after it.
    if (wal.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}
