// One place where crashes happen: a folder laid out as that of a chaos run, so that chaos' own verdict can be asked about
// it, a sandbox, and processes of the armed build. It decides nothing about whom to strike, and when.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { arenaFiles } from '../../scripts/chaos/evidence.ts';
import {
  type ChaosRecord,
  createRecord,
  monotonicMs,
  type Target,
  type Who,
} from '../../scripts/chaos/record.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/sandbox.ts';
import { type SpawnedNode, spawnNode, tempDirectory, waitFor } from '../helpers.ts';
import { OrderFile } from './order.ts';

/** What the processes of a world have in common. */
export interface Setting {
  /** Flags of its relayers, beside those of all. */
  readonly flags: readonly string[];
  /** Its processes cut long waits short. */
  readonly haste?: boolean;
  /** SQL of a condition that holds when all is done. Default: every event is processed. */
  readonly isDone?: string;
  /** There is no database in the beginning. */
  readonly isFileNew?: boolean;
}

/** A start may take so long on a machine that has much else to do. */
export const patienceMs = 30_000;

/** Short times, so that leases run out while somebody waits; few slots, since a kill may repeat so many. */
export const timing = { concurrency: 4, leaseMs: 3_000, requestTimeoutMs: 1_500 } as const;

const commonFlags: readonly string[] = [
  ...['--poll-interval', '100ms', '--drain-timeout', '100ms', '--concurrency', `${timing.concurrency}`],
  ...['--lease', `${timing.leaseMs}ms`, '--request-timeout', `${timing.requestTimeoutMs}ms`],
];

/** A process of the world. */
export interface Runner {
  readonly node: SpawnedNode;
  /** `command`: one of the operator's, which ends by itself. */
  readonly target: 'relayer' | 'ingester' | 'command';
  /** It was told to end, by whatever means. */
  isToldToEnd: boolean;
  isStopped: boolean;
}

/** Makes a world that is removed, with all its processes, when the test has finished. `root` is an armed build. */
export async function createWorld(root: string, setting: Setting): Promise<World> {
  const folder = tempDirectory();
  const ledgerFile = path.join(folder, arenaFiles.ledger);
  const sandbox = await startSandbox({ storeDelayMs: 5, deliverDelayMs: 5, ledgerFile });
  onTestFinished(() => sandbox.close());
  writeFileSync(path.join(folder, 'empty.env'), '');
  const world = new World({ root, setting, folder, sandbox });
  if (setting.isFileNew !== true) await prepareDatabase(world.file);
  return world;
}

export class World {
  readonly folder: string;
  readonly file: string;
  readonly journal: string;
  readonly setting: Setting;
  readonly sandbox: Sandbox;
  readonly record: ChaosRecord;
  readonly runners: Runner[] = [];
  readonly orders: OrderFile;
  readonly #root: string;

  constructor(parts: { root: string; setting: Setting; folder: string; sandbox: Sandbox }) {
    this.folder = parts.folder;
    this.file = path.join(this.folder, arenaFiles.database);
    this.journal = path.join(this.folder, arenaFiles.journal);
    this.setting = parts.setting;
    this.sandbox = parts.sandbox;
    this.record = createRecord(path.join(this.folder, arenaFiles.record));
    const run = { seed: 0, durationMs: 0, kills: 0, relayers: 2, soak: false, ...timing, atMs: Date.now() };
    this.record.add({ kind: 'run', ...run });
    this.#root = parts.root;
    this.orders = new OrderFile(this.folder);
  }

  /** Starts a process of the armed build: `script` is a path in `build/`. */
  start(target: Runner['target'], script: string, args: readonly string[]): Runner {
    const node = spawnNode(path.join(this.#root, 'build', script), args, {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        OUTBOX_ENV_FILE: path.join(this.folder, 'empty.env'),
        DATABASE_URL: `file:${this.file}`,
        CONVOY_BASE_URL: this.sandbox.url,
        CONVOY_API_KEY: this.sandbox.apiKey,
        CONVOY_PROJECT_ID: this.sandbox.projectId,
        CRASH_ORDER: this.orders.path,
        CRASH_HASTE: this.setting.haste === true ? 'yes' : 'no',
      },
    });
    const runner: Runner = { node, target, isToldToEnd: false, isStopped: false };
    this.runners.push(runner);
    return runner;
  }

  startRelayer(): Runner {
    return this.start('relayer', 'relayer/main.js', [...commonFlags, ...this.setting.flags]);
  }

  /** The relayers that run, oldest first: alive, and not stopped. */
  relayers(): readonly Runner[] {
    return this.runners.filter(
      (runner) => runner.target === 'relayer' && isAlive(runner) && !runner.isStopped,
    );
  }

  /** Waits until exactly so many relayers run: starts what is missing, and tells the newest to stop. */
  async haveRelayers(count: number): Promise<void> {
    const surplus = this.relayers().slice(count);
    await Promise.all(surplus.map((runner) => this.stop(runner)));
    while (this.relayers().length < count) this.startRelayer();
    await Promise.all(this.relayers().map((runner) => this.said(runner, 'relayer started')));
  }

  /** Waits until a process has said something. Throws with all it said when it ends before. */
  async said(runner: Runner, words: string): Promise<void> {
    const { node } = runner;
    const look = () => {
      if (node.stdout.includes(words)) return true;
      if (!isAlive(runner)) throw new Error(`the ${runner.target} ended: ${node.stdout}${node.stderr}`);
      return false;
    };
    await waitFor(`"${words}"`, look, patienceMs).catch((cause) => {
      throw new Error(`it did not say "${words}", but: ${node.stdout}${node.stderr}`, { cause });
    });
  }

  /** Tells a process to stop and waits for its end. Throws when it ends otherwise than with 0. */
  async stop(runner: Runner): Promise<void> {
    runner.isToldToEnd = true;
    runner.node.child.kill('SIGTERM');
    const code = await runner.node.exited;
    if (code !== 0)
      throw new Error(`told to stop, the ${runner.target} ended with ${code}: ${runner.node.stderr}`);
  }

  /** Kills every relayer from outside. */
  async killRelayers(): Promise<void> {
    const killed = this.relayers();
    const [fromMs, atMs] = [monotonicMs(), Date.now()];
    for (const runner of killed) {
      runner.isToldToEnd = true;
      runner.node.child.kill('SIGKILL');
    }
    await Promise.all(killed.map(({ node }) => node.exited));
    for (const runner of killed) {
      const span = { fromMs, toMs: monotonicMs() };
      const kill = { ...whoIs(runner, 'relayer'), wasUp: true, estate: null, atMs };
      this.record.add({ kind: 'kill', ...kill, ...span });
    }
  }

  /** Stops every relayer that runs, cleanly, and closes the sandbox. Throws when one does not end well. */
  async end(): Promise<void> {
    await this.haveRelayers(0);
    await this.abandon();
  }

  /** Kills whatever is left, closes everything and removes it. */
  async abandon(): Promise<void> {
    const left = this.runners.filter(isAlive);
    for (const { node } of left) node.child.kill('SIGKILL');
    await Promise.all(left.map(({ node }) => node.exited));
    await this.sandbox.close();
    this.record.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Records whoever ended without having been told to. */
  noteUnaskedExits(): void {
    for (const runner of this.runners) {
      if (runner.target === 'command' || runner.isToldToEnd || isAlive(runner)) continue;
      runner.isToldToEnd = true;
      this.record.add({ kind: 'unasked exit', ...whoIs(runner, runner.target) });
    }
  }
}

/** The process as the record names it. */
export function whoIs({ node }: Runner, target: Target): Who {
  return { target, name: target, pid: node.pid };
}

/** Whether the process has not ended. */
export function isAlive({ node: { child } }: Runner): boolean {
  return child.exitCode === null && child.signalCode === null;
}
