// Deletes processed events past the retention, a few at a time: one big DELETE would hold the write lock.
import { type Clock, sleep } from '../outbox/clock.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { isCorrupt } from '../outbox/sqlite.ts';
import type { OutboxStore } from '../outbox/store.ts';

export interface RetentionOptions {
  readonly store: OutboxStore;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 keeps for ever. */
  readonly retentionMs: number;
  readonly signal: AbortSignal;
}

const batchEvents = 200;
const pauseBetweenBatchesMs = 50;
const pauseBetweenRoundsMs = 60_000;

/** Prunes in rounds until the signal aborts. A round that fails is logged and the next one tries again. */
export async function keepRetention(options: RetentionOptions): Promise<void> {
  const { clock, log, signal } = options;
  if (options.retentionMs === 0) return;
  while (!signal.aborted) {
    await sleep(clock, pauseBetweenRoundsMs, signal);
    try {
      const events = await pruneRound(options);
      if (events > 0) log.info('deleted processed events past the retention', { events });
    } catch (error) {
      if (isCorrupt(error)) throw error;
      log.warn('could not delete old events, trying again in a minute', { reason: errorText(error) });
    }
  }
}

async function pruneRound({ store, clock, retentionMs, signal }: RetentionOptions): Promise<number> {
  let events = 0;
  while (!signal.aborted) {
    const deleted = await store.prune({ beforeMs: clock.nowMs() - retentionMs, limit: batchEvents });
    events += deleted;
    if (deleted < batchEvents) break;
    await sleep(clock, pauseBetweenBatchesMs, signal);
  }
  return events;
}
