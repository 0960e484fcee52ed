// Recovery: the relayer under PM2, in a PM2 of the run's own, is killed with SIGKILL in the middle of a drain; how long until the
// first event comes from its successor.
import { createPm2, type Pm2 } from '../chaos/pm2.ts';
import { signalOwn } from '../chaos/processes.ts';
import { bareNodeMs } from './bare-node.ts';
import { type Bench, eachRun } from './bench.ts';
import { relayerEnvironment } from './ground.ts';
import { type Measure, mustBe } from './measure.ts';
import { monotonicMs } from './monotonic.ts';
import { inTime, until } from './patience.ts';

/** Added before each kill, of which so many are delivered when it comes. */
const backlog = 5_000;
const deliveredBeforeKill = 500;
/** `restart_delay` of the ecosystem file. */
const restartDelayMs = 100;

/** The part of a run of `bench`. */
export async function recovery(bench: Bench): Promise<readonly Measure[]> {
  const database = await bench.stock.take(0);
  const environment = relayerEnvironment(bench.ground, { ...bench.relayer, database });
  const pm2 = createPm2({ environment, file: bench.ground.file });
  try {
    bench.say('recovery: starting the relayer under PM2');
    await inTime(pm2.start('relayer'), { what: 'PM2 starts', withinMs: 60_000, signal: bench.signal });
    const runs = await eachRun(bench, 'recovery', async () => {
      const result = await killOnce(bench, pm2, database);
      const { deliveredMs, repeats } = result;
      return { result, text: `next delivery after ${Math.round(deliveredMs)} ms, ${repeats} sent twice` };
    });
    return [
      {
        ...{
          name: 'recovery.kill',
          label: 'kill -9 to the next delivery, under PM2',
          unit: 'ms',
          samplesPerRun: 1,
        },
        values: runs.map(({ deliveredMs }) => deliveredMs),
      },
      {
        ...{
          name: 'recovery.own',
          label: 'of it beyond bare Node and restart_delay',
          unit: 'ms',
          samplesPerRun: 1,
        },
        values: runs.map(({ deliveredMs, nodeMs }) => deliveredMs - nodeMs - restartDelayMs),
      },
      {
        ...{
          name: 'recovery.repeats',
          label: 'events sent twice by a kill',
          unit: 'events',
          samplesPerRun: backlog,
        },
        values: runs.map(({ repeats }) => repeats),
      },
    ];
  } finally {
    await pm2.kill();
  }
}

async function killOnce(bench: Bench, pm2: Pm2, database: string) {
  const { ground, gateway, stock, signal } = bench;
  const nodeMs = await bareNodeMs(bench);
  const wait = { what: 'the relayer under PM2 delivers', withinMs: 60_000, signal };
  await until(() => pm2.processes().length > 0, wait);
  await gateway.reset();
  await stock.addEvents(database, backlog);
  await inTime(gateway.accepted(deliveredBeforeKill), wait);
  const killedMs = monotonicMs();
  const killed = pm2.processes().filter(({ pid }) => signalOwn(ground.folder, pid, 'SIGKILL'));
  mustBe('relayers killed', killed.length, 1);
  await inTime(gateway.accepted(backlog), wait);
  const { accepted, duplicates } = await gateway.counts();
  mustBe('events delivered in spite of a kill', accepted, backlog);
  const successor = (await gateway.connections()).filter(({ openedMs }) => openedMs > killedMs);
  mustBe('drains in which the successor took part', Math.min(1, successor.length), 1);
  return {
    deliveredMs: Math.min(...successor.map(({ firstEventMs }) => firstEventMs)) - killedMs,
    repeats: duplicates,
    nodeMs,
  };
}
