// Keeps delayed events from starving. Fresh events are claimed before those whose delay has ended; behind a backlog that
// never empties the latter would wait for ever. So every few seconds what is overdue is put in front, by age. And a delay is
// an instant on a wall clock: when that clock was set back, what waits for an hour that is far away now is called back.
import { type Clock, sleep } from '../outbox/clock.ts';
import { isCorrupt } from '../outbox/judge-trouble.ts';
import { errorText, type Log } from '../outbox/log.ts';
import type { OutboxStore } from '../outbox/store.ts';

export interface OverdueOptions {
  readonly store: Pick<OutboxStore, 'promote' | 'recall'>;
  /** While the gateway is not open nothing is promoted: an event in front would probe it early. */
  readonly isGatewayOpen: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

// Each wake of an idle process costs about half a millisecond of CPU: seldom is enough.
const everyMs = 5_000;
const batchEvents = 500;
/** No relayer delays an event by more than 10 minutes (the guard of owners; a backoff ends at 7.5). */
const beyondEveryDelayMs = 900_000;
/** Rounds from one look for stranded events to the next: a minute. */
const roundsPerRecall = 12;

/** Promotes, and calls back what is stranded, until the signal aborts. A look that finds nothing writes nothing. */
export async function keepOverdue({
  store,
  isGatewayOpen,
  clock,
  log,
  signal,
}: OverdueOptions): Promise<void> {
  for (let round = 0; !signal.aborted; round += 1) {
    await sleep(clock, everyMs, signal);
    if (signal.aborted) return;
    try {
      const nowMs = clock.nowMs();
      if (round % roundsPerRecall === 0) await recallAll({ store, log }, nowMs);
      if (isGatewayOpen()) await store.promote({ nowMs, limit: batchEvents });
    } catch (error) {
      if (isCorrupt(error)) throw error;
      log.debug('could not promote overdue events, trying again', { reason: errorText(error) });
    }
  }
}

async function recallAll(
  { store, log }: Pick<OverdueOptions, 'store' | 'log'>,
  nowMs: number,
): Promise<void> {
  let events = 0;
  for (;;) {
    const recalled = await store.recall({ afterMs: nowMs + beyondEveryDelayMs, nowMs, limit: batchEvents });
    events += recalled;
    if (recalled < batchEvents) break;
  }
  if (events > 0) log.warn('the clock was set back, called back events delayed by the old time', { events });
}
