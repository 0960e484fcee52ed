// One place where crashes happen: a folder laid out as that of a chaos run, so that chaos' own verdict can be asked about
// it, a sandbox, and processes of the armed build. It decides nothing about whom to strike, and when.
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';
import { arenaFiles } from '../../scripts/chaos/evidence.ts';
import { type ChaosRecord, createRecord } from '../../scripts/chaos/record.ts';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/sandbox.ts';
import { spawnNode, tempDirectory, waitFor } from '../helpers.ts';
import { type Order, OrderFile } from './order.ts';
import { giveUpsIn, isAlive, type Runner, whoIs } from './runner.ts';
import { concurrency, patienceMs, relayerFlags, type Setting, type Timing, timings } from './setting.ts';

/** Invoices that the test itself has committed, in one transaction that had returned by then. */
export interface OwnCommit {
  readonly invoices: readonly string[];
  readonly returnedMs: number;
}

/** A world and what is done in it to those who pass a crash point. */
export interface Plan {
  readonly setting: Setting;
  readonly signal: Order['signal'];
}

/** Makes a world that is removed, with all its processes, when the test has finished. `root` is an armed build. */
export async function createWorld(root: string, { setting, signal }: Plan): Promise<World> {
  const folder = tempDirectory();
  const ledgerFile = path.join(folder, arenaFiles.ledger);
  // A key of its own: should some other relayer still know the port, which changes hands, nothing of it is accepted here.
  const apiKey = randomUUID();
  const sandbox = await startSandbox({ storeDelayMs: 5, deliverDelayMs: 5, ledgerFile, apiKey });
  onTestFinished(() => sandbox.close());
  writeFileSync(path.join(folder, 'empty.env'), '');
  const world = new World({ root, setting, signal, folder, sandbox });
  if (setting.isFileNew !== true) await prepareDatabase(world.file);
  return world;
}

export class World {
  readonly folder: string;
  readonly file: string;
  readonly journal: string;
  readonly setting: Setting;
  readonly signal: Order['signal'];
  readonly sandbox: Sandbox;
  readonly record: ChaosRecord;
  readonly runners: Runner[] = [];
  readonly ownCommits: OwnCommit[] = [];
  readonly orders: OrderFile;
  readonly #root: string;

  constructor(parts: Plan & { readonly root: string; readonly folder: string; readonly sandbox: Sandbox }) {
    this.folder = parts.folder;
    this.file = path.join(this.folder, arenaFiles.database);
    this.journal = path.join(this.folder, arenaFiles.journal);
    this.setting = parts.setting;
    this.signal = parts.signal;
    this.sandbox = parts.sandbox;
    this.record = createRecord(path.join(this.folder, arenaFiles.record));
    const run = { seed: 0, durationMs: 0, kills: 0, relayers: 2, soak: false, concurrency, atMs: Date.now() };
    this.record.add({ kind: 'run', ...run, ...this.timing });
    this.#root = parts.root;
    this.orders = new OrderFile(this.folder);
  }

  get timing(): Timing {
    return timings[this.signal];
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
        CRASH_RUNNER: String(process.pid),
        CRASH_HASTE: this.setting.haste === true ? 'yes' : 'no',
      },
    });
    const runner: Runner = { node, target, isToldToEnd: false, isStopped: false, giveUpsNoted: 0 };
    this.runners.push(runner);
    return runner;
  }

  startRelayer(): Runner {
    return this.start('relayer', 'relayer/main.js', relayerFlags(this.setting, this.timing));
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

  /**
   * Resolves when the sandbox has read whatever a process that is dead now had sent: since then it has answered two questions,
   * one after the other. It lives in this process, which has much else to do.
   */
  async hasRead(): Promise<void> {
    for (let questions = 0; questions < 2; questions++) {
      const answer = await fetch(new URL('/healthz', this.sandbox.url));
      await answer.text();
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

  /** Records whoever ended without having been told to, and each time that a relayer gave up waiting for an answer. */
  noteWhatHappened(): void {
    for (const runner of this.runners) {
      if (runner.target === 'command') continue;
      const giveUps = giveUpsIn(runner.node.stdout).slice(runner.giveUpsNoted);
      runner.giveUpsNoted += giveUps.length;
      for (const giveUp of giveUps) this.record.add(giveUp);
      if (runner.isToldToEnd || isAlive(runner)) continue;
      runner.isToldToEnd = true;
      this.record.add({ kind: 'unasked exit', ...whoIs(runner, runner.target) });
    }
  }
}
