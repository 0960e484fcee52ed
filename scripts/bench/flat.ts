// Flat in size: what an event costs, and how long one takes that is committed now, with few and with very many waiting, and with very many
// processed ones in the table. Never a whole drain: a window of it, once the relayer is warm.
import { type Bench, eachRun } from './bench.ts';
import { flatMeasures, type Trickle, trickled, type Window } from './flat-measures.ts';
import { buildPoint, checkRoom, type FlatPoint, fillUp, fillUpForLater, flatPoints } from './flat-points.ts';
import { measureLatency } from './latency.ts';
import { type Measure, mustBe } from './measure.ts';
import { inTime } from './patience.ts';
import { usageOf } from './process-usage.ts';
import { startRelayer } from './relayer-process.ts';
import { percentile } from './statistics.ts';
import { type Pair, withRelayerOn } from './with-relayer.ts';

interface Place extends FlatPoint {
  readonly database: string;
}

/** The part of a run of `bench`. */
export async function flat(bench: Bench): Promise<readonly Measure[]> {
  const { settings, stock, say } = bench;
  const points = flatPoints(settings);
  const room = await stock.bulk.room();
  if (room === null) say("flat: the room on the server's disk cannot be seen from here, and is not checked");
  else checkRoom(room, points, 2 * settings.pending);
  const places: Place[] = [];
  for (const point of points) places.push({ ...point, database: await buildPoint(bench, point) });
  // All points in each run: what disturbs the machine disturbs all of them.
  const drains = await eachRun(bench, 'flat', () =>
    each('drain', places, async (place) => {
      const result = await drainWindow(bench, place);
      return { result, text: `${result.wallUs.toFixed(0)} us` };
    }),
  );
  for (const { database, pending } of places) await fillUpForLater(bench, database, pending);
  const once = () =>
    each('arrival', places, async ({ database }) => {
      const result = await withRelayerOn(database, bench, (pair) => measureTrickle(bench, pair));
      const [p50, p99] = [50, 99].map((percent) => percentile(result.arrival, percent).toFixed(1));
      return { result, text: `p50 ${p50}, p99 ${p99} ms` };
    });
  const trickles = await eachRun(bench, 'flat', once, { warmsUpItself: true });
  for (const { database } of places) await stock.drop(database);
  return points.flatMap((point, index) =>
    flatMeasures(point, index, { drains, trickles, window: settings.pending }),
  );
}

async function each<Result>(
  what: string,
  places: readonly Place[],
  measure: (place: Place) => Promise<{ readonly result: Result; readonly text: string }>,
): Promise<{ readonly result: readonly Result[]; readonly text: string }> {
  const results: { readonly result: Result; readonly text: string }[] = [];
  for (const place of places) results.push(await measure(place));
  const text = places.map(({ label }, index) => `${label} ${results[index]?.text}`).join(', ');
  return { result: results.map(({ result }) => result), text: `${what} ${text}` };
}

async function measureTrickle(bench: Bench, pair: Pair): Promise<Trickle> {
  const before = usageOf(pair.relayer.pid).cpuMs;
  const { arrival } = await measureLatency(bench, pair, trickled);
  const cpuMs = usageOf(pair.relayer.pid).cpuMs - before;
  return { arrival, cpuUs: (cpuMs / trickled.commits) * 1_000 };
}

/** As many events as the window has go before it, to warm the relayer up, and the point's stay behind it. */
async function drainWindow(bench: Bench, { database, pending }: Place): Promise<Window> {
  const { settings, ground, gateway, stock, relayer, signal } = bench;
  const window = settings.pending;
  await fillUp(bench, database, pending + 2 * window);
  await gateway.reset();
  const process = startRelayer(ground, { ...relayer, database });
  const accepted = (events: number) =>
    inTime(Promise.race([gateway.accepted(events), process.failed]), {
      what: `${events} events are delivered`,
      withinMs: 120_000,
      signal,
    });
  try {
    await accepted(window);
    const [before, serverBefore] = [usageOf(process.pid).cpuMs, await stock.serverCpuMs()];
    await accepted(2 * window);
    const [after, serverAfter] = [usageOf(process.pid).cpuMs, await stock.serverCpuMs()];
    const isServerSeen = serverBefore !== null && serverAfter !== null;
    const arrivedMs = (await gateway.arrivals()).map((arrival) => arrival.arrivedMs);
    mustBe('events sent twice', (await gateway.counts()).duplicates, 0);
    const [first = 0, begin = 0, end = 0] = [arrivedMs[0], arrivedMs[window - 1], arrivedMs[2 * window - 1]];
    return {
      startMs: first - process.spawnedMs,
      wallUs: ((end - begin) / window) * 1_000,
      cpuUs: ((after - before) / window) * 1_000,
      serverUs: isServerSeen ? ((serverAfter - serverBefore) / window) * 1_000 : null,
    };
  } finally {
    await process.stop();
  }
}
