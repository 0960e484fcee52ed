// Several relayers on one database, all of them warm when a backlog appears at once: how fast they drain it together, how evenly they share
// it, and what an event costs them and the server. The gateway counts: nothing is delivered twice, nothing by nobody.
import { type Bench, defaultSlots, eachRun } from './bench.ts';
import { type Measure, mustBe } from './measure.ts';
import { inTime, until } from './patience.ts';
import { usageOf } from './process-usage.ts';
import { type RelayerProcess, startRelayer } from './relayer-process.ts';
import { type Cell, relayersMeasures, type Shared } from './relayers-figures.ts';
import { deliveredBefore } from './stock.ts';

const usualRelayers = [1, 2, 4, 8] as const;
const usualLatenciesMs = [0, 20] as const;
/** Delivered by each, about, before what counts. */
const warmUpEach = 500;

/** The part of a run of `bench`. A latency or a number of relayers that was asked for takes the place of the usual ones. */
export async function relayers(bench: Bench): Promise<readonly Measure[]> {
  const cells = relayersCells(bench.settings);
  const once = async () => {
    const result: Shared[] = [];
    for (const cell of cells) {
      const shared = await measureCell(bench, cell);
      const { fewest, most, perSecond } = shared;
      bench.say(`relayers: ${labelOf(cell)}: ${Math.round(perSecond)} events/s, ${fewest} to ${most} each`);
      result.push(shared);
    }
    return { result, text: `${cells.length} combinations` };
  };
  const runs = await eachRun(bench, 'relayers', once, { warmsUpItself: true });
  return relayersMeasures(
    cells.map((cell) => ({ ...cell, label: labelOf(cell) })),
    runs,
    bench.settings.pending,
  );
}

/** The combinations to be measured. */
export function relayersCells({
  gatewayLatencyMs,
  relayers: count,
}: Pick<Bench['settings'], 'gatewayLatencyMs' | 'relayers'>): readonly Omit<Cell, 'label'>[] {
  const latencies = gatewayLatencyMs > 0 ? [gatewayLatencyMs] : usualLatenciesMs;
  return latencies.flatMap((latencyMs) =>
    (count > 1 ? [count] : usualRelayers).map((each) => ({ latencyMs, relayers: each })),
  );
}

async function measureCell(bench: Bench, cell: Omit<Cell, 'label'>): Promise<Shared> {
  const { ground, gateway, stock, relayer } = bench;
  const database = await stock.take(0);
  await gateway.reset();
  await gateway.answerAfter(cell.latencyMs);
  const processes = Array.from({ length: cell.relayers }, (_, index) =>
    startRelayer(ground, { ...relayer, database, apiKey: `bench-key-${index + 1}` }),
  );
  try {
    return await drainTogether(bench, { database, processes, label: labelOf(cell) });
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await gateway.answerAfter(bench.settings.gatewayLatencyMs);
    await stock.drop(database);
  }
}

interface Together {
  readonly database: string;
  readonly processes: readonly RelayerProcess[];
  readonly label: string;
}

async function drainTogether(bench: Bench, { database, processes, label }: Together): Promise<Shared> {
  const { settings, gateway, stock, signal } = bench;
  const [events, warmUp] = [settings.pending, warmUpEvents(bench, processes.length)];
  const wait = { what: `relayers: ${label}`, withinMs: 60_000 + events * 10, signal };
  const failed = processes.map((process) => process.failed);
  const drained = async (count: number) => {
    await inTime(Promise.race([gateway.accepted(count), ...failed]), wait);
    const isPending = stock.pendingIn(database);
    await until(async () => !(await isPending()), wait);
  };
  await inTime(Promise.all(processes.map(({ ready }) => ready)), wait);
  await stock.addEvents(database, warmUp);
  await drained(warmUp);
  const cpuMs = () => processes.reduce((sum, { pid }) => sum + usageOf(pid).cpuMs, 0);
  // Before the COMMIT: adding them is the application's work.
  const [relayerBefore, serverBefore] = await stock.addAtOnce(database, events, async () => {
    await gateway.reset();
    return [cpuMs(), await stock.serverCpuMs()] as const;
  });
  await drained(events);
  const [relayerMs, serverAfter] = [cpuMs() - relayerBefore, await stock.serverCpuMs()];
  const { accepted, duplicates } = await gateway.counts();
  mustBe('events at the gateway', accepted, events);
  mustBe('events sent twice', duplicates, 0);
  mustBe('events processed', await stock.processedIn(database), events + warmUp + deliveredBefore);
  const shares = sharesOf(await gateway.shares(), processes.length);
  mustBe(
    'events of all relayers',
    shares.reduce((sum, share) => sum + share, 0),
    events,
  );
  const arrivedMs = (await gateway.arrivals()).map((arrival) => arrival.arrivedMs);
  const tookMs = (arrivedMs.at(-1) ?? Number.NaN) - (arrivedMs[0] ?? Number.NaN);
  const isServerSeen = serverBefore !== null && serverAfter !== null;
  return {
    perSecond: ((events - 1) / tookMs) * 1_000,
    fewest: Math.min(...shares),
    most: Math.max(...shares),
    relayerUs: (relayerMs / events) * 1_000,
    serverUs: isServerSeen ? ((serverAfter - serverBefore) / events) * 1_000 : null,
  };
}

/** No more than count: what is as small as a test needs no warm relayers. */
function warmUpEvents({ settings }: Bench, processes: number): number {
  const slots = settings.concurrency ?? defaultSlots;
  return Math.min(settings.pending, processes * Math.max(slots, warmUpEach));
}

/** Who delivered nothing is not among the gateway's. */
export function sharesOf(shares: Readonly<Record<string, number>>, processes: number): readonly number[] {
  const seen = Object.values(shares);
  return [...seen, ...Array<number>(Math.max(0, processes - seen.length)).fill(0)];
}

function labelOf({ latencyMs, relayers: count }: Omit<Cell, 'label'>): string {
  return `${latencyMs} ms, ${count} ${count === 1 ? 'relayer' : 'relayers'}`;
}
