// The slots of an SQLite database: an exclusive lock on a small file each, which the operating system releases when the process
// dies, however it dies. Nothing else may ever open, copy or delete these files: an ordinary open and close in the holder would
// drop its lock.
import { realpathSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { blocked } from '../database-error.ts';
import { maxSlots, slotNames } from '../lease-id.ts';
import { OutboxError } from '../outbox-error.ts';
import type { RelayerSlot } from '../relayer-slot.ts';
import { isBusy, isPassing } from './code.ts';
import { createOwnerOnly } from './connection.ts';

/**
 * Every lock this process holds. Without it a lock that nobody refers to any more would be closed, and so freed, by the
 * garbage collector while its holder lives: seen in 8 of 15 rounds of six processes that kept only the slot's name.
 */
const held = new Set<Database.Database>();

/** Takes the first free slot of a database. Throws ERR_OUTBOX_SLOT when all 64 are held, and what `tryAcquireSlot` throws. */
export function acquireSlot(databaseFile: string): RelayerSlot {
  for (const name of slotNames()) {
    const slot = tryAcquireSlot(databaseFile, name);
    if (slot !== null) return slot;
  }
  throw new OutboxError(
    'ERR_OUTBOX_SLOT',
    `all ${maxSlots} relayer slots of ${databaseFile} are held by running relayers: stop some of them`,
  );
}

/** Takes one slot, or returns null while its holder lives. Never waits. Throws ERR_OUTBOX_DATABASE_UNAVAILABLE or _BLOCKED. */
export function tryAcquireSlot(databaseFile: string, name: string): RelayerSlot | null {
  return tryAcquire(lockFile(databaseFile, `relayer-${name}`), name);
}

/** Takes the one lock of the relayer that reads back, or returns null while its holder lives. Never waits. */
export function tryAcquireConfirm(databaseFile: string): RelayerSlot | null {
  return tryAcquire(lockFile(databaseFile, 'confirm'), 'confirm');
}

function tryAcquire(file: string, name: string): RelayerSlot | null {
  const lock = lockOrNull(file);
  if (lock === null) return null;
  held.add(lock);
  const locked = identity(file);
  return {
    name,
    isExclusive: true,
    assertHeld() {
      if (locked !== null && identity(file) === locked) return;
      throw new OutboxError(
        'ERR_OUTBOX_SLOT',
        `the lock file of relayer slot ${name} was removed or replaced: never touch the .lock files beside the database. Stopping, so that no two relayers hold one slot`,
      );
    },
    async release() {
      held.delete(lock);
      lock.close();
    },
  };
}

function lockFile(databaseFile: string, name: string): string {
  return `${realpathSync(databaseFile)}.${name}.lock`;
}

function lockOrNull(file: string): Database.Database | null {
  // Whoever may open a lock file may hold its lock.
  createOwnerOnly(file);
  let lock: Database.Database | undefined;
  try {
    // The default timeout would block the event loop for 5 s when the slot is held.
    lock = new Database(file, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if (isBusy(cause)) return null;
    if (isPassing(cause)) throw blocked(file, cause);
    throw new OutboxError(
      'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      `the relayer's lock file ${file} cannot be used: check its permissions, or, with all relayers stopped, remove it`,
      { cause },
    );
  }
}

function identity(file: string): string | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}
