// Which relayers live, as seen from outside: a slot's lock is held for exactly as long as its process lives. It looks and
// never takes a lock that it could keep.
import { existsSync, realpathSync } from 'node:fs';
import Database from 'better-sqlite3';
import { slotNames } from '../lease-id.ts';
import { isBusy } from './code.ts';

/**
 * The slots whose relayers live. Looking shares each lock that is free for some 50 us; a relayer that starts in this very
 * moment takes the next slot instead, and the events of its predecessor all the same. Lock files that cannot be read are left out.
 */
export function slotsAlive(databaseFile: string): readonly string[] {
  return slotNames().filter((name) => isSlotAlive(databaseFile, name));
}

/** The same for one slot, which must not be the caller's own: a holder leaves its lock file alone. */
export function isSlotAlive(databaseFile: string, name: string): boolean {
  return isHeld(`${realpathSync(databaseFile)}.relayer-${name}.lock`);
}

function isHeld(file: string): boolean {
  if (!existsSync(file)) return false;
  let lock: Database.Database | undefined;
  try {
    lock = new Database(file, { readonly: true, timeout: 0, fileMustExist: true });
    lock.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    lock?.close();
  }
}
