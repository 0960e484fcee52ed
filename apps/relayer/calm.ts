// Lets background requests wait for a moment in which they disturb no delivery.
import { type Clock, sleep } from '../outbox/clock.ts';

export interface CalmOptions {
  /** Whether Convoy takes events at full rate; while it does not, nothing else is asked of it. */
  readonly isGatewayOpen: () => boolean;
  /** Whether no delivery is in flight. */
  readonly isQuiet: () => boolean;
  /** Monotonic: no moment before it is calm. A relayer that has just started has a backlog to look for. */
  readonly notBeforeMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const lookEveryMs = 20;
/** Under steady load there may be no quiet moment: then one request a second goes all the same. */
const longestWaitMs = 1_000;

/** Resolves at a calm moment, or when the signal aborts. */
export async function calm({
  isGatewayOpen,
  isQuiet,
  notBeforeMs,
  clock,
  signal,
}: CalmOptions): Promise<void> {
  const leftMs = notBeforeMs - clock.monotonicMs();
  if (leftMs > 0) await sleep(clock, leftMs, signal);
  let waitedMs = 0;
  while (!signal.aborted) {
    if (isGatewayOpen() && (isQuiet() || waitedMs >= longestWaitMs)) return;
    await sleep(clock, lookEveryMs, signal);
    waitedMs += lookEveryMs;
  }
}
