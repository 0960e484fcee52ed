// Lets background requests wait for a moment in which they disturb no delivery.
import { type Clock, sleep } from '../outbox/clock.ts';

export interface CalmOptions {
  /** Whether Convoy takes events at full rate; while it does not, nothing else is asked of it. */
  readonly isGatewayOpen: () => boolean;
  /** Whether no delivery is in flight. */
  readonly isQuiet: () => boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const lookEveryMs = 20;
/** Under steady load there may be no quiet moment: then one request a second goes all the same. */
const longestWaitMs = 1_000;

/** Resolves at a calm moment, or when the signal aborts. */
export async function calm({ isGatewayOpen, isQuiet, clock, signal }: CalmOptions): Promise<void> {
  let waitedMs = 0;
  while (!signal.aborted) {
    if (isGatewayOpen() && (isQuiet() || waitedMs >= longestWaitMs)) return;
    await sleep(clock, lookEveryMs, signal);
    waitedMs += lookEveryMs;
  }
}
