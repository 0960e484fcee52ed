// Scenes of the relayer's own work: delivering, stopping, starting after others have died, and a person's redrive.
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../../scripts/chaos/record.ts';
import { killRelayers } from './death.ts';
import { isAlive, type Runner, whoIs } from './runner.ts';
import {
  atLeast,
  comesUp,
  ends,
  justDelivering,
  leaseEvents,
  relayersFor,
  type Scene,
  untilStruck,
  untilStruckOr,
} from './scene.ts';
import { concurrency } from './setting.ts';
import { lookWithoutWal } from './verdict.ts';
import type { World } from './world.ts';
import { addInvoices, holds, isDone, keysHeldBy } from './world-data.ts';

/** More than there are slots. */
const batch = concurrency + 2;
const inTenMinutes = () => Date.now() + 600_000;
/** What a relayer makes due, and a person moves, in one transaction. */
const batchOfRows = 500;

const delivery: Scene = {
  setting: justDelivering,
  prepare: relayersFor,
  async provoke(world) {
    await addInvoices(world, batch);
    await untilStruckOr(world, isDone(world));
  },
};

/** Something was delivered, and now nothing happens: the WAL is copied back. */
const quiet: Scene = {
  setting: justDelivering,
  prepare: relayersFor,
  async provoke(world) {
    await addInvoices(world, 2);
    await untilStruckOr(world, isDone(world));
    await pause(60);
  },
  atOnce(world, struck) {
    if (struck.point === 'wal:after-checkpoint') lookWithoutWal(world, struck);
  },
};

/** A relayer is told to stop, and its drain ends before the answers come. */
const stop: Scene = {
  setting: justDelivering,
  prepare: relayersFor,
  async provoke(world) {
    await leaseEvents(world, concurrency * world.relayers().length);
    const [told] = world.relayers();
    if (told === undefined) throw new Error('nobody to stop');
    told.isToldToEnd = true;
    const held = await keysHeldBy(world, told);
    const fromMs = monotonicMs();
    told.node.child.kill('SIGTERM');
    await untilStruck(world);
    // What it gives up has been accepted, and may be sent again before it has passed the point.
    const span = { held, fenced: 0, fromMs, toMs: monotonicMs() };
    world.record.add({ kind: 'pause', ...whoIs(told, 'relayer'), ...span });
  },
  afterwards: (_, woken) => ends(woken),
  mend: async (world) => world.sandbox.faults.replace(),
};

/** Kills what runs in the middle of its work. */
async function leaveLeases(world: World, relayers: number): Promise<void> {
  await atLeast(world, relayers);
  await leaseEvents(world, relayers * concurrency);
  await killRelayers(world);
  world.sandbox.faults.replace();
}

async function startOne(world: World): Promise<void> {
  world.startRelayer();
  await untilStruck(world);
}

/** A relayer starts where one was killed, and where events wait since an outage. */
const start: Scene = {
  setting: justDelivering,
  async prepare(world) {
    await leaveLeases(world, 1);
    await addInvoices(world, 3, { wait_reason: 'gateway', available_at: inTenMinutes() });
  },
  isInARow: true,
  provoke: startOne,
  afterwards: comesUp,
};

const twoDead: Scene = { ...start, prepare: (world) => leaveLeases(world, 2) };

const longOutage: Scene = {
  ...start,
  async prepare(world, { nth }) {
    await killRelayers(world);
    const count = (nth - 1) * batchOfRows + 5;
    await addInvoices(world, count, { wait_reason: 'gateway', available_at: inTenMinutes() });
  },
};

const startCommand = (world: World, ...args: readonly string[]): Runner =>
  world.start('command', 'scripts/outbox/main.js', [...args, '--yes']);

/** A person decides over dead events while relayers run. Whatever becomes of them, they are sent again in the end. */
function decision(...args: readonly string[]): Scene {
  return {
    setting: justDelivering,
    async prepare(world, order) {
      await relayersFor(world, order);
      const columns = { status: 'dead', attempts: 10, last_error: 'too often' };
      await addInvoices(world, (order.nth - 1) * batchOfRows + 5, columns);
    },
    async provoke(world) {
      startCommand(world, ...args);
      await untilStruck(world);
    },
    afterwards: (_, woken) => ends(woken),
    async mend(world) {
      for (const state of ['dead', 'discarded']) {
        if (!(await holds(world, `EXISTS (SELECT 1 FROM events WHERE status = '${state}')`))) continue;
        await ends(startCommand(world, 'redrive', '--state', state, '--rate', '0'));
      }
    },
  };
}

const redrive = decision('redrive', '--dead', '--rate', '0');
const discard = decision('discard', '--state', 'dead', '--reason', 'a test');

/** The ingester, as long as it is alive. */
const ingesters = (world: World) =>
  world.runners.filter((runner) => runner.target === 'ingester' && isAlive(runner));

function startIngester(world: World, args: readonly string[]): Runner {
  return world.start('ingester', 'apps/ingester/main.js', ['--journal', world.journal, ...args]);
}

/** An ingester records, and a relayer delivers what it has recorded. */
const recording: Scene = {
  setting: justDelivering,
  isInARow: true,
  isItsOwn: true,
  prepare: (world) => world.haveRelayers(1),
  async provoke(world) {
    if (ingesters(world).length === 0) startIngester(world, ['--rate', '10ms']);
    await pause(10);
  },
  afterwards: (world, woken) => world.stop(woken),
  // After a death the next crash needs another one; the last is followed by one that nobody strikes.
  finish: (world) => ends(startIngester(world, ['--rate', '1ms', '--count', '2'])),
};

export const scenesOfDelivery = {
  delivery,
  quiet,
  stop,
  start,
  'two dead': twoDead,
  'long outage': longOutage,
  redrive,
  discard,
  recording,
} as const satisfies Readonly<Record<string, Scene>>;
