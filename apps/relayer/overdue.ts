// Keeps delayed events from starving. Fresh events are claimed before those whose delay has ended; behind a backlog that
// never empties the latter would wait for ever. So every few seconds what is overdue is put in front, by age.
import { type Clock, sleep } from '../outbox/clock.ts';
import { errorText, type Log } from '../outbox/log.ts';
import { isCorrupt } from '../outbox/sqlite-code.ts';
import type { OutboxStore } from '../outbox/store.ts';

export interface OverdueOptions {
  readonly store: Pick<OutboxStore, 'promote'>;
  /** While the gateway is not open nothing is promoted: an event in front would probe it early. */
  readonly isGatewayOpen: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

// Each wake of an idle process costs about half a millisecond of CPU: seldom is enough.
const everyMs = 5_000;
const batchEvents = 500;

/** Promotes until the signal aborts. A look that finds nothing overdue writes nothing. */
export async function keepOverdue({
  store,
  isGatewayOpen,
  clock,
  log,
  signal,
}: OverdueOptions): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, everyMs, signal);
    if (signal.aborted || !isGatewayOpen()) continue;
    try {
      await store.promote({ nowMs: clock.nowMs(), limit: batchEvents });
    } catch (error) {
      if (isCorrupt(error)) throw error;
      log.debug('could not promote overdue events, trying again', { reason: errorText(error) });
    }
  }
}
