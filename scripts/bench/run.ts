// One benchmark from beginning to end: set up, measure part by part, and leave nothing behind, however it ends.
import { killAll } from '../chaos/heal.ts';
import { startWarden } from '../chaos/start-warden.ts';
import type { Bench, Part } from './bench.ts';
import { bloat } from './bloat.ts';
import { burst } from './burst.ts';
import type { BenchSettings, PartName } from './config.ts';
import { drain } from './drain.ts';
import { flat } from './flat.ts';
import { startGateway } from './gateway-link.ts';
import { createGround, type Ground } from './ground.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { commitOf, type Machine, machineOf, versionsOf } from './machine.ts';
import { type Measure, type Summary, summaryOf } from './measure.ts';
import { workOfAll } from './pace.ts';
import { peerList } from './peers/peer-list.ts';
import { type PeersReport, runPeers } from './peers/run-peers.ts';
import { workNames } from './peers/work-names.ts';
import { recovery } from './recovery.ts';
import { relayers } from './relayers.ts';
import { slots } from './slots.ts';
import { startUp } from './start-up.ts';
import type { Stock } from './stock.ts';
import { createPostgresStock } from './stock-postgres.ts';
import { createSqliteStock } from './stock-sqlite.ts';
import { confirmDisturbance, pruneDisturbance } from './upkeep.ts';
import { writer } from './writer.ts';

const parts: Readonly<Record<PartName, Part>> = {
  drain,
  latency,
  burst,
  writer,
  start: startUp,
  recovery,
  idle,
  flat,
  confirm: confirmDisturbance,
  prune: pruneDisturbance,
  slots,
  relayers,
  bloat,
};

/** A benchmark's result, as it is written: one object, fit for a history. */
export interface BenchResult {
  /** ISO-8601, when it began. */
  readonly date: string;
  readonly commit: string | null;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly pragmas: Readonly<Record<string, string>>;
  readonly settings: Omit<BenchSettings, 'json' | 'out' | 'peersFolder' | 'serverUrl'>;
  /** With the value of each run. */
  readonly measures: readonly (Summary & Pick<Measure, 'values'>)[];
  /** When other libraries were measured, too. */
  readonly peers?: PeersReport;
}

/** Measures. Throws BenchError when it cannot, or when `signal` aborts; then, too, everything is ended and removed. */
export async function runBench(
  settings: BenchSettings,
  { say, pace }: Pick<Bench, 'say' | 'pace'>,
  signal: AbortSignal,
): Promise<BenchResult> {
  const ground = createGround();
  const dismissWarden = startWarden(ground.folder);
  try {
    return await measureAll({ settings, say, pace, signal, ground });
  } finally {
    await killAll(ground.folder);
    ground.remove();
    dismissWarden();
  }
}

async function measureAll(
  given: Pick<Bench, 'settings' | 'say' | 'pace' | 'signal'> & { readonly ground: Ground },
): Promise<BenchResult> {
  const { settings, ground } = given;
  const date = new Date().toISOString();
  const machine = machineOf();
  const gateway = await startGateway({
    latencyMs: settings.gatewayLatencyMs,
    environment: ground.environment,
    logFile: ground.file('gateway.log'),
  });
  const relayer = { baseUrl: gateway.baseUrl, concurrency: settings.concurrency };
  const stock = await openStock(given, relayer);
  const bench: Bench = { ...given, gateway, relayer, stock };
  try {
    const { versions, pragmas } = await stock.about();
    const about = { versions: { ...versionsOf(), ...versions }, pragmas };
    const { measures, ...more } =
      settings.peers === null ? await measureParts(bench) : await measurePeers(bench);
    const { json: _json, out: _out, peersFolder: _folder, serverUrl: _url, ...used } = settings;
    return {
      ...{ date, commit: commitOf(), machine, ...about, settings: used, ...more },
      measures: measures.map((measure) => ({ ...summaryOf(measure), values: measure.values })),
    };
  } finally {
    await gateway.end();
    await stock.end();
  }
}

async function openStock(
  { settings, ground, signal }: Pick<Bench, 'settings' | 'ground' | 'signal'>,
  relayer: Bench['relayer'],
): Promise<Stock> {
  if (settings.engine === 'sqlite') return createSqliteStock(ground, relayer, signal);
  return createPostgresStock(ground, { serverUrl: settings.serverUrl, relayer, signal });
}

async function measureParts(bench: Bench): Promise<{ readonly measures: readonly Measure[] }> {
  const measures: Measure[] = [];
  bench.pace.plan(workOfAll(bench.settings));
  for (const name of bench.settings.only) measures.push(...(await parts[name](bench)));
  return { measures };
}

async function measurePeers(
  bench: Bench,
): Promise<{ readonly measures: readonly Measure[]; readonly peers: PeersReport }> {
  const { peers: names, peersFolder, only } = bench.settings;
  const { report, measures } = await runPeers(bench, {
    peers: peerList.filter(({ name }) => names?.includes(name)),
    cache: peersFolder,
    works: workNames.filter((name) => only.includes(name)),
  });
  return { measures, peers: report };
}
