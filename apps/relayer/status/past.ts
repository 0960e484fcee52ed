// What the database still knows of the last minutes, for a page that has just been opened or was away: rates and latencies by
// interval, with the loop's work in between. The page keeps what it has seen by itself.
import type { Clock } from '../../outbox/clock.ts';
import type { LiveVerbs } from '../../outbox/live-verbs.ts';
import { quantile } from './quantile.ts';

/** One interval, ending at `atMs`. Rates are per second; null where there was more than was counted. */
export interface PastInterval {
  readonly atMs: number;
  readonly appendedRate: number | null;
  readonly acceptedRate: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

const intervalMs = 5_000;
export const pastMs = 900_000;
/** Rows counted for one page: under 100 ms of work in all, in pieces. */
const mostRows = 1_000_000;

export interface PastParts {
  readonly store: Pick<LiveVerbs, 'traffic'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The intervals after `sinceMs` (at most a quarter of an hour back) until now, oldest first. */
export async function pastOf(sinceMs: number, { store, clock, signal }: PastParts): Promise<PastInterval[]> {
  const endMs = clock.nowMs();
  const startMs = Math.max(sinceMs, endMs - pastMs);
  const intervals: PastInterval[] = [];
  let rows = 0;
  // Backwards: if there is too much to count, what lies furthest back is left out.
  for (
    let toMs = endMs;
    toMs - intervalMs >= startMs && rows < mostRows && !signal.aborted;
    toMs -= intervalMs
  ) {
    const { appended, accepted, latenciesMs } = await store.traffic({ fromMs: toMs - intervalMs, toMs });
    const rate = ({ events, isExact }: typeof appended) => (isExact ? events / (intervalMs / 1_000) : null);
    rows += appended.events + accepted.events;
    intervals.push({
      atMs: toMs,
      appendedRate: rate(appended),
      acceptedRate: rate(accepted),
      p50Ms: quantile(latenciesMs, 0.5),
      p99Ms: quantile(latenciesMs, 0.99),
    });
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return intervals.reverse();
}
