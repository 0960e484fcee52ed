// Upkeep waits for another process's lock: whoever writes invoices goes first.
import { type Clock, sleep } from '../outbox/clock.ts';
import { isBusy } from '../outbox/judge-trouble.ts';

const mostTries = 20;
const longerByMs = 50;

/**
 * Does the work once the database is free; between tries it waits for 50 ms, then 100, and so on: some 10 s together. Rejects as the
 * work does, with the lock's error when it is still held or when the signal aborts.
 */
export async function whenFree<Result>(
  work: () => Promise<Result>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || tries >= mostTries || signal.aborted) throw error;
    }
    await sleep(clock, longerByMs * tries, signal);
  }
}
