// A peer in one of its variants, with its application running and its worker to be started.
import { ChildLink } from '../child-link.ts';
import type { Ground } from '../ground.ts';
import type { Contestant, WorkerProcess } from './contestant.ts';
import { type PeerTask, taskEnvironment } from './peer-task.ts';
import { type StoreLink, startStore } from './store-link.ts';

export interface PeerSetup extends PeerTask {
  readonly peer: string;
  readonly ground: Ground;
  /** Of the gateway; ends in `/api`. */
  readonly baseUrl: string;
}

/** Starts the application; resolves when it is connected. */
export async function createPeerContestant(
  setup: PeerSetup,
): Promise<{ readonly contestant: Contestant; readonly about: string }> {
  const { peer, ground, module, place, variant } = setup;
  const options = { module, place, variant, environment: ground.environment };
  const store = await startStore({ ...options, logFile: ground.file(`${peer}.${variant}.store.log`) });
  return { contestant: contestantOf(setup, store), about: store.about };
}

function contestantOf(setup: PeerSetup, store: StoreLink): Contestant {
  const { peer, variant } = setup;
  return {
    name: `${peer}.${variant}`,
    label: `${peer}, ${variant}`,
    startWorker: () => startPeerWorker(setup),
    fill: (count) => store.fill(count),
    trickle: (count, everyMs) => store.trickle(count, everyMs),
    left: () => store.left(),
    claimedKeys: () => store.claimedKeys(),
    serverCpuMs: () => store.serverCpuMs(),
    end: () => store.end(),
  };
}

function startPeerWorker({ peer, ground, module, place, variant, baseUrl }: PeerSetup): WorkerProcess {
  const link = new ChildLink({
    script: 'scripts/bench/peers/worker-main.js',
    args: [baseUrl],
    environment: { ...ground.environment, ...taskEnvironment({ module, place, variant }) },
    logFile: ground.file(`${peer}.${variant}.worker.log`),
  });
  const ready = link.ready();
  // It answers no question: what ends this is its end.
  const failed = link.ask<never>({ kind: 'work' });
  for (const promise of [ready, failed]) promise.catch(() => {});
  return {
    pid: link.child.pid ?? 0,
    spawnedMs: link.spawnedMs,
    ready,
    failed,
    async kill() {
      link.child.kill('SIGKILL');
      await link.end();
    },
  };
}
