// The server's time, so that relayers on several hosts agree on what is due and when a lease ends. Measured as an offset to this
// machine's clock and kept up to date; asking the server for every instant would cost a round trip each.
import type { Clock } from '../clock.ts';
import type { Queries } from './connection.ts';

export interface ServerClock extends Clock {
  /** Measures the offset again. Rejects when the database does; the last offset then stays. */
  adjust(): Promise<void>;
  /** The server's clock minus this machine's, in milliseconds. */
  readonly offsetMs: number;
}

/** The least disturbed of so many measurements counts: the one with the shortest round trip. */
const measurements = 3;
/** A server that stood still answers with the time of its awakening: half of what it took would be the error. Then the last offset is nearer. */
const longestMs = 1_000;

interface Measurement {
  readonly tookMs: number;
  readonly offsetMs: number;
}

/** Makes the clock; its offset is 0 until `adjust` has resolved. */
export function serverClock(connection: Pick<Queries, 'query'>, local: Clock): ServerClock {
  let offsetMs = 0;
  let isMeasured = false;
  return {
    nowMs: () => local.nowMs() + offsetMs,
    monotonicMs: () => local.monotonicMs(),
    after: (delayMs, callback) => local.after(delayMs, callback),
    soon: (callback) => local.soon(callback),
    get offsetMs() {
      return offsetMs;
    },
    async adjust() {
      // The first must come to something: no offset at all may be far worse.
      const limitMs = isMeasured ? longestMs : Number.POSITIVE_INFINITY;
      let best: Measurement | null = null;
      for (let n = 0; n < measurements; n++) {
        const measured = await measure(connection, local);
        if (measured.tookMs <= limitMs && measured.tookMs < (best?.tookMs ?? Number.POSITIVE_INFINITY))
          best = measured;
      }
      if (best === null) return;
      offsetMs = best.offsetMs;
      isMeasured = true;
    },
  };
}

/** Often enough that a clock that was set is followed before any lease (30 s by default) has ended. Three short statements each. */
const adjustEveryMs = 4_000;

/** Measures it again every 4 s, whatever else goes on; a failure is told and keeps the last offset. Returns what ends that. */
export function keepAdjusted(clock: ServerClock, onFailure: (error: unknown) => void): () => void {
  let isStopped = false;
  let cancel = () => {};
  const next = () => {
    if (!isStopped) cancel = clock.after(adjustEveryMs, adjust);
  };
  const adjust = () => {
    clock.adjust().catch(onFailure).then(next);
  };
  next();
  return () => {
    isStopped = true;
    cancel();
  };
}

async function measure(connection: Pick<Queries, 'query'>, local: Clock): Promise<Measurement> {
  const askedAtMs = local.nowMs();
  const askedMs = local.monotonicMs();
  const [row] = await connection.query<{ now_ms: number }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms',
  );
  const tookMs = local.monotonicMs() - askedMs;
  const theirMs = Number(row?.now_ms);
  return { tookMs, offsetMs: Math.round(theirMs - (askedAtMs + tookMs / 2)) };
}
