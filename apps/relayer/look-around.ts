// What the poll interval is for: hints that were missed, relayers that died, the WAL in a quiet moment, and a database or
// lock file pulled from under a running relayer.
import { type Clock, sleep } from '../outbox/clock.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import { isCorrupt } from '../outbox/sqlite/code.ts';
import type { FileIdentity } from '../outbox/sqlite/file-identity.ts';
import type { RelayerSlot } from '../outbox/sqlite/relayer-slot.ts';
import type { SqliteStore } from '../outbox/sqlite/store.ts';
import type { Relayer } from './relayer.ts';
import { takeOverDeadSlots } from './takeover.ts';

export interface LookAroundParts {
  readonly relayer: Pick<Relayer, 'wake' | 'isQuiet'>;
  readonly store: SqliteStore;
  readonly databaseFile: string;
  readonly identity: FileIdentity;
  readonly slot: RelayerSlot;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Looks at once and then at each interval until the signal aborts. Rejects with ERR_OUTBOX_SLOT or ERR_OUTBOX_DATABASE_REPLACED when a
 * file was exchanged, and when the database is damaged.
 */
export async function lookAround(parts: LookAroundParts): Promise<void> {
  const { identity, slot, everyMs, clock, log, signal } = parts;
  while (!signal.aborted) {
    try {
      await look(parts);
    } catch (error) {
      if (isCorrupt(error)) throw error;
      log.warn('could not look for dead relayers, trying again', { reason: errorText(error) });
    }
    await sleep(clock, everyMs, signal);
    if (signal.aborted) return;
    identity.assertSame();
    if (!slot.isIntact()) {
      throw new OutboxError(
        'ERR_OUTBOX_SLOT',
        `the lock file of relayer slot ${slot.name} was removed or replaced: never touch the .lock files beside the database. Stopping, so that no two relayers hold one slot`,
      );
    }
  }
}

async function look(parts: LookAroundParts): Promise<void> {
  const { relayer, store, log } = parts;
  relayer.wake(); // First: nothing below may keep the net from working.
  if ((await takeOverDeadSlots(parts)) > 0) relayer.wake();
  if (!relayer.isQuiet || store.checkpoint()) return;
  log.debug('the WAL is not emptied while somebody reads or writes');
}
