// Waits for an end, but not for longer than is worth it: a network that is silent confirms nothing. It ends nothing itself.
import { systemClock } from '../clock.ts';

/** So long the end of a connection is waited for: a supervisor usually gives a process ten seconds. */
export const longestEndMs = 3_000;

/** Whether the work was done in time. Rejects as it does. */
export async function atMost(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let cancel = () => {};
  const late = new Promise<boolean>((resolve) => {
    cancel = systemClock.after(limitMs, () => resolve(false));
  });
  return Promise.race([work.then(() => true), late]).finally(() => cancel());
}
