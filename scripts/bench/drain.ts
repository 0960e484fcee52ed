// The drain: so many committed events waiting, from the start of the relayer's process to the last one settled. On SQLite, beside it
// in the same run, the limit (bare-relay.ts): with the relayer's own client and with undici's Pool, from the start of its process too, and warm.
import type { BareTimes } from './bare-relay.ts';
import type { Client } from './bare-sender.ts';
import { type Bench, defaultSlots, eachRun } from './bench.ts';
import { ChildLink } from './child-link.ts';
import { againstLimit, costsOf, type Drained, type Limit, ratesOf } from './drain-figures.ts';
import { type Measure, mustBe } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { inTime, until } from './patience.ts';
import { usageOf } from './process-usage.ts';
import { startRelayer } from './relayer-process.ts';
import { deliveredBefore } from './stock.ts';
import type { Counts } from './tally.ts';

/** The part of a run of `bench`. */
export async function drain(bench: Bench): Promise<readonly Measure[]> {
  const { pending, engine } = bench.settings;
  const runs = await eachRun(bench, 'drain', async () => {
    const limit = engine === 'sqlite' ? await measureLimit(bench) : null;
    const drained = await measureDrain(bench, limit);
    const rate = Math.round((pending / drained.tookMs) * 1_000);
    const beside = limit === null ? '' : `, limit ${Math.round((pending / limit.coldMs) * 1_000)}`;
    return { result: { limit, drained }, text: `${rate} events/s${beside}` };
  });
  const limited = runs.flatMap(({ limit, drained }) => (limit === null ? [] : [{ limit, drained }]));
  const drains = runs.map(({ drained }) => drained);
  return [
    ...ratesOf(drains, pending),
    ...(limited.length === 0 ? [] : againstLimit(limited, pending)),
    ...costsOf(drains, pending),
  ];
}

async function measureLimit(bench: Bench): Promise<Limit> {
  const { settings, gateway, stock, signal } = bench;
  const { pending } = settings;
  const { bodyBytes, coldMs } = await measureCold(bench, { order: 'halves', client: 'relayer' });
  const turns = await measureCold(bench, { order: 'turns', client: 'pool' });
  const warm = await stock.take(pending);
  const pool = await startBare(bench, { order: 'halves', client: 'pool' });
  try {
    for (const other of [turns, pool]) mustBe('bytes sent by undici alone', other.bodyBytes, bodyBytes);
    await gateway.reset();
    const wait = { what: 'the limit is measured warm', withinMs: limitMs(bench), signal };
    const question = { kind: 'relay', database: warm } as { kind: string };
    const second = await inTime(pool.link.ask<BareTimes>(question), wait);
    mustBe('events of the warm limit', second.events, pending);
    const counts = await gateway.counts();
    mustBeAll(counts, pending);
    return {
      ...{ coldMs, coldPoolMs: pool.coldMs, coldTurnsMs: turns.coldMs, warm: second, bodyBytes },
      gatewayUs: (counts.cpuMs / pending) * 1_000,
    };
  } finally {
    await pool.link.end();
    await stock.drop(warm);
  }
}

interface Bare {
  readonly order: 'halves' | 'turns';
  readonly client: Client;
}

/** From the start of its process, and what it sent. */
interface Cold {
  readonly coldMs: number;
  readonly bodyBytes: number;
}

async function measureCold(bench: Bench, bare: Bare): Promise<Cold> {
  const { link, ...cold } = await startBare(bench, bare);
  await link.end();
  return cold;
}

/** The limit in a process of its own that has done a fresh database. */
async function startBare(
  bench: Bench,
  { order, client }: Bare,
): Promise<Cold & { readonly link: ChildLink }> {
  const { settings, ground, gateway, stock, signal } = bench;
  const { pending, concurrency } = settings;
  const name = `the limit in ${order} with the client of ${client === 'relayer' ? 'the relayer' : 'undici'}`;
  const database = await stock.take(pending);
  await gateway.reset();
  const link = new ChildLink({
    script: 'bare/main.js',
    args: [order, client, database, gateway.baseUrl, String(concurrency ?? defaultSlots)],
    environment: ground.environment,
    logFile: ground.file('bare.log'),
  });
  try {
    const wait = { what: `${name} is measured`, withinMs: limitMs(bench), signal };
    const { events, endedMs } = await inTime(link.ready<Pick<BareTimes, 'events' | 'endedMs'>>(), wait);
    mustBe(`events of ${name}`, events, pending);
    const counts = await gateway.counts();
    mustBeAll(counts, pending);
    mustBe(`events processed by ${name}`, await stock.processedIn(database), pending + deliveredBefore);
    await stock.drop(database);
    return { link, coldMs: endedMs - link.spawnedMs, bodyBytes: counts.bodyBytes };
  } catch (error) {
    await link.end();
    throw error;
  }
}

async function measureDrain(bench: Bench, limit: Limit | null): Promise<Drained> {
  const { settings, ground, gateway, stock, relayer, signal } = bench;
  const { pending, relayers } = settings;
  const database = await stock.take(pending);
  const isPending = stock.pendingIn(database);
  const serverBeforeMs = await stock.serverCpuMs();
  await gateway.reset();
  const processes = Array.from({ length: relayers }, () => startRelayer(ground, { ...relayer, database }));
  const wait = { what: 'everything is delivered and settled', withinMs: limitMs(bench), signal };
  const drained = async () => {
    await inTime(Promise.race([gateway.accepted(pending), ...processes.map(({ failed }) => failed)]), wait);
    await until(async () => !(await isPending()), wait);
    const settledMs = monotonicMs();
    const usage = processes.map(({ pid }) => usageOf(pid));
    const counts = await gateway.counts();
    mustBeAll(counts, pending);
    // The same bytes, or the two did not do the same work.
    if (limit !== null) mustBe('bytes sent', counts.bodyBytes, limit.bodyBytes);
    const serverAfterMs = await stock.serverCpuMs();
    return {
      tookMs: settledMs - Math.min(...processes.map(({ spawnedMs }) => spawnedMs)),
      secondHalfMs: counts.lastMs - counts.middleMs,
      usage,
      serverCpuMs: serverBeforeMs === null || serverAfterMs === null ? null : serverAfterMs - serverBeforeMs,
    };
  };
  const result = await drained().finally(() => Promise.all(processes.map((process) => process.stop())));
  mustBe('events processed', await stock.processedIn(database), pending + deliveredBefore);
  await stock.drop(database);
  return result;
}

function mustBeAll({ accepted, duplicates }: Counts, pending: number): void {
  mustBe('events at the gateway', accepted, pending);
  mustBe('events sent twice', duplicates, 0);
}

/** A minute, and time for 100 events a second. */
function limitMs({ settings }: Bench): number {
  return 60_000 + settings.pending * 10;
}
