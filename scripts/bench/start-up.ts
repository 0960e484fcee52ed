// How long a relayer takes to start: from the start of its process until it says that it is ready, and until the first event
// arrives, on a database that it has worked on before and on one that is new to it; and what bare Node takes.

import { bareNodeMs } from './bare-node.ts';
import { type Bench, eachRun } from './bench.ts';
import type { Measure } from './measure.ts';
import { inTime } from './patience.ts';
import { startRelayer } from './relayer-process.ts';

const waiting = 100;

/** The part of a run of `bench`. */
export async function startUp(bench: Bench): Promise<readonly Measure[]> {
  const runs = await eachRun(bench, 'start', async () => {
    const nodeMs = await bareNodeMs(bench);
    const known = await start(bench, await bench.stock.take(waiting));
    const unknown = await start(bench, await bench.stock.takeNew(waiting));
    const text = `first event after ${Math.round(known.firstMs)} ms, with a new gateway after ${Math.round(unknown.firstMs)} ms`;
    return {
      result: { nodeMs, readyMs: known.readyMs, firstMs: known.firstMs, newMs: unknown.firstMs },
      text,
    };
  });
  const measure = (name: string, label: string, value: (run: (typeof runs)[number]) => number): Measure => ({
    ...{ name: `start.${name}`, label, unit: 'ms', samplesPerRun: 1 },
    values: runs.map(value),
  });
  return [
    measure('node', 'bare Node: process start to its first line', ({ nodeMs }) => nodeMs),
    measure('ready', 'process start to ready', ({ readyMs }) => readyMs),
    measure('first', 'process start to the first arrival', ({ firstMs }) => firstMs),
    measure('new', 'the same, gateway never verified before', ({ newMs }) => newMs),
  ];
}

async function start({ ground, gateway, stock, relayer, signal }: Bench, database: string) {
  await gateway.reset();
  const process = startRelayer(ground, { ...relayer, database });
  const wait = { what: 'a started relayer delivers', withinMs: 30_000, signal };
  try {
    const readyMs = await inTime(process.ready, wait);
    await inTime(Promise.race([gateway.accepted(waiting), process.failed]), wait);
    const [first] = await gateway.arrivals();
    return {
      readyMs: readyMs - process.spawnedMs,
      firstMs: (first?.arrivedMs ?? Number.NaN) - process.spawnedMs,
    };
  } finally {
    await process.stop();
    await stock.drop(database);
  }
}
