// Deletes processed events past the retention, a few at a time: one big DELETE would hold the write lock. What was read
// back from Convoy goes at the retention; what was not is kept twice as long, and its end is told.
import { type Clock, sleep } from '../outbox/clock.ts';
import { isCorrupt } from '../outbox/judge-trouble.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';
import { whenFree } from './when-free.ts';

export interface RetentionOptions {
  readonly store: Pick<OutboxStore, 'prune' | 'log'>;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 keeps every event for ever; the record is bounded all the same. */
  readonly retentionMs: number;
  /** Whether events are read back from Convoy. If not, age alone decides. */
  readonly isConfirming: boolean;
  readonly signal: AbortSignal;
}

const batchEvents = 200;
const pauseBetweenBatchesMs = 50;
const pauseBetweenRoundsMs = 60_000;
/** So many retentions an event waits for being read back. */
const unconfirmedFactor = 2;

/** Prunes in rounds until the signal aborts. A round that fails is logged and the next one tries again. */
export async function keepRetention(options: RetentionOptions): Promise<void> {
  const { clock, log, signal } = options;
  while (!signal.aborted) {
    await sleep(clock, pauseBetweenRoundsMs, signal);
    try {
      await pruneRound(options);
    } catch (error) {
      if (isCorrupt(error)) throw error;
      log.warn('could not delete old events, trying again in a minute', { reason: errorText(error) });
    }
  }
}

/** One round: everything that is past its time now. */
export async function pruneRound(options: RetentionOptions): Promise<void> {
  const { store, clock, log, retentionMs, isConfirming } = options;
  const nowMs = clock.nowMs();
  if (retentionMs === 0) {
    // No event is older than 1970; what this deletes is the oldest lines of a record that grew too long.
    await store.prune({ beforeMs: 0, limit: batchEvents });
    return;
  }
  const events = await prune(options, nowMs - retentionMs, isConfirming ? 'confirmed' : 'any');
  if (events > 0) log.info('deleted processed events past the retention', { events });
  if (!isConfirming) return;
  const unconfirmed = await prune(options, nowMs - retentionMs * unconfirmedFactor, 'unconfirmed');
  if (unconfirmed === 0) return;
  log.error('deleted events past twice the retention that Convoy never confirmed', { events: unconfirmed });
  await store.log({ kind: 'unconfirmed_pruned', detail: { events: unconfirmed }, nowMs });
}

async function prune(
  { store, clock, signal }: RetentionOptions,
  beforeMs: number,
  which: 'any' | 'confirmed' | 'unconfirmed',
): Promise<number> {
  let events = 0;
  while (!signal.aborted) {
    const batch = () => store.prune({ beforeMs, limit: batchEvents, which });
    const deleted = await whenFree(batch, { clock, signal });
    events += deleted;
    if (deleted < batchEvents) break;
    await sleep(clock, pauseBetweenBatchesMs, signal);
  }
  return events;
}
