// What the poll interval is for: hints that were missed, relayers that died, housekeeping in a quiet moment, and a database or
// slot pulled from under a running relayer.
import { type Clock, sleep } from '../outbox/clock.ts';
import { isCorrupt } from '../outbox/judge-trouble.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxDatabase } from '../outbox/outbox-database.ts';
import type { RelayerSlot, RelayerSlots } from '../outbox/relayer-slot.ts';
import type { OutboxStore } from '../outbox/store.ts';
import type { Relayer } from './relayer.ts';
import { type TakeoverOptions, takeOverDeadSlots } from './takeover.ts';

export interface LookAroundParts {
  readonly relayer: Pick<Relayer, 'wake' | 'isQuiet'>;
  readonly database: Pick<OutboxDatabase, 'assertSame' | 'tidyUp'>;
  readonly store: OutboxStore;
  readonly slots: RelayerSlots;
  readonly slot: TakeoverOptions['slot'] & Pick<RelayerSlot, 'assertHeld'>;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Trouble is told when it has lasted twice as long, and this often: a full disk must not be filled further by its own lines. */
const longestSilenceMs = 600_000;

/**
 * Looks at once and then at each interval until the signal aborts. Rejects with ERR_OUTBOX_SLOT or ERR_OUTBOX_DATABASE_REPLACED when
 * either is no longer ours, and when the database is damaged.
 */
export async function lookAround(parts: LookAroundParts): Promise<void> {
  const { database, slot, everyMs, clock, log, signal } = parts;
  let failingSinceMs: number | null = null;
  let tellAgainAtMs = 0;
  while (!signal.aborted) {
    try {
      await look(parts);
      failingSinceMs = null;
    } catch (error) {
      if (isCorrupt(error)) throw error;
      const nowMs = clock.monotonicMs();
      if (failingSinceMs === null || nowMs >= tellAgainAtMs) {
        log.warn('could not look for dead relayers, trying again', { reason: errorText(error) });
        failingSinceMs ??= nowMs;
        tellAgainAtMs = nowMs + Math.min(nowMs - failingSinceMs, longestSilenceMs);
      }
    }
    await sleep(clock, everyMs, signal);
    if (signal.aborted) return;
    database.assertSame();
    slot.assertHeld();
  }
}

async function look(parts: LookAroundParts): Promise<void> {
  const { relayer, database, log } = parts;
  relayer.wake(); // First: nothing below may keep the net from working.
  if ((await takeOverDeadSlots(parts)) > 0) relayer.wake();
  if (!relayer.isQuiet || (await database.tidyUp())) return;
  log.debug('the WAL is not emptied while somebody reads or writes');
}
