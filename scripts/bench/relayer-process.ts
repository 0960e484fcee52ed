// The built relayer as a process, as a user would start it, with the instants at which it was started and ready.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { BenchError } from './bench-error.ts';
import { lastLines } from './child-link.ts';
import type { Ground } from './ground.ts';
import { type RelayerSetup, relayerEnvironment } from './ground.ts';
import { monotonicMs } from './monotonic.ts';

export interface RelayerProcess {
  readonly pid: number;
  /** Just before it was spawned, ms of the system-wide monotonic clock. */
  readonly spawnedMs: number;
  /** When it said that it is ready. Rejects when it ends before. */
  readonly ready: Promise<number>;
  /** Rejects when it ends unasked; never resolves. */
  readonly failed: Promise<never>;
  /** Stops it as PM2 would; resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
}

const stopLimitMs = 10_000;

export function startRelayer(ground: Ground, setup: RelayerSetup): RelayerProcess {
  const logFile = ground.file('relayer.log');
  const output = openSync(logFile, 'a');
  const spawnedMs = monotonicMs();
  const child = spawn(process.execPath, [path.join(packageRoot, 'build/relayer/main.js')], {
    cwd: packageRoot,
    env: relayerEnvironment(ground, setup),
    // As PM2 starts it: with a channel, by which it says that it is ready.
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  closeSync(output);
  let isAskedToStop = false;
  const ended = endOf(child);
  const failed = ended.then((how) => {
    if (isAskedToStop) return new Promise<never>(() => {});
    throw new BenchError(
      'ERR_BENCH_COULD_NOT_RUN',
      `the relayer ended by itself (${how}): ${lastLines(logFile)}`,
    );
  });
  failed.catch(() => {});
  const ready = new Promise<number>((resolve) => child.once('message', () => resolve(monotonicMs())));
  return {
    pid: child.pid ?? 0,
    spawnedMs,
    ready: Promise.race([ready, failed]),
    failed,
    async stop() {
      isAskedToStop = true;
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await ended;
      clearTimeout(timer);
    },
    async kill() {
      isAskedToStop = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = await once(child, 'exit');
  return signal === null ? `exit code ${code}` : String(signal);
}
