// The trickle of a contestant: one commit every 50 ms, to an idle worker; from its return to the arrival at the gateway.
import { mustBe } from '../measure.ts';
import { inTime, isInTime, pause } from '../patience.ts';
import { percentile } from '../statistics.ts';
import type { Contestant, Track } from './contestant.ts';

export interface Trickled {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const everyMs = 50;
/** As many before those that count, faster. Who does not deliver 100 of them in this time does not keep up with 20 a second either. */
const warmUp = { everyMs: 5, withinMs: 6_000 } as const;
const lateMs = 10_000;
/** Everybody comes to rest, and has loaded what loads late: ours waits for its first deliveries with that. */
const restMs = 3_000;

/** Null when the contestant does not keep up. */
export async function workTrickle(
  { gateway, signal, load: { trickled } }: Track,
  contestant: Contestant,
): Promise<Trickled | null> {
  const wait = { what: 'a trickle is prepared', withinMs: 60_000, signal };
  await inTime(contestant.fill(0), wait);
  await gateway.reset();
  const worker = contestant.startWorker();
  const arrived = (events: number, withinMs: number) =>
    isInTime(Promise.race([gateway.accepted(events), worker.failed]), { withinMs, signal });
  try {
    await inTime(worker.ready, wait);
    await inTime(contestant.trickle(trickled, warmUp.everyMs), wait);
    if (!(await arrived(trickled, warmUp.withinMs))) return null;
    await gateway.reset();
    await pause(restMs, signal);
    const commits = await inTime(contestant.trickle(trickled, everyMs), wait);
    if (!(await arrived(trickled, lateMs))) return null;
    const arrivedMs = new Map((await gateway.arrivals()).map((arrival) => [arrival.key, arrival.arrivedMs]));
    const tookMs = commits.flatMap(({ key, committedMs }) => {
      const at = arrivedMs.get(key);
      return at === undefined ? [] : [at - committedMs];
    });
    mustBe('events that were committed and arrived', tookMs.length, trickled);
    return { p50Ms: percentile(tookMs, 50), p99Ms: percentile(tookMs, 99) };
  } finally {
    await worker.kill();
  }
}
