// Whether a database can be at a path at all, before SQLite is asked. It opens nothing.
import { accessSync, constants, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { unavailable } from './database-error.ts';

/**
 * The usual mistakes in a path, each said in its own words before SQLite puts all of them into one.
 * Throws ERR_OUTBOX_DATABASE_UNAVAILABLE.
 */
export function mustBeUsable(file: string): void {
  const folder = path.dirname(file);
  const target = statusOf(file);
  if (target === undefined && statusOf(folder)?.isDirectory() !== true) {
    throw unavailable(file, `cannot be created: there is no folder ${folder}. Create it first`);
  }
  if (target !== undefined && !target.isFile()) throw unavailable(file, 'is not a file: name a file');
  for (const needed of target === undefined ? [folder] : [folder, file]) {
    try {
      // The folder too: SQLite keeps the -wal and -shm files beside the database.
      accessSync(needed, constants.W_OK);
    } catch (cause) {
      throw unavailable(file, `cannot be used: ${needed} is not writable for this user`, cause);
    }
  }
}

/** Undefined when nothing is there, or nothing that can be reached. */
function statusOf(target: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
