// What many tests need: a folder of their own, a child process that cannot outlive its test, a wait with a bound.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** The folder of the project. */
export const projectRoot = path.dirname(import.meta.dirname);

/** A new folder under the system's temp folder, removed when the test has finished. */
export function tempDirectory(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'outbox-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A child process of a test, with what it has written so far. */
export interface SpawnedNode {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout: string;
  stderr: string;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
}

/** Runs a script with this Node; the child is killed when the test has finished. */
export function spawnNode(
  script: string,
  args: readonly string[] = [],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly ipc?: boolean } = {},
): SpawnedNode {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: options.cwd ?? projectRoot,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? ['ipc' as const] : [])],
  });
  const exited = endOf(child);
  const spawned: SpawnedNode = { child, pid: child.pid ?? 0, stdout: '', stderr: '', exited };
  child.stdout?.on('data', (chunk: Buffer) => {
    spawned.stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    spawned.stderr += chunk.toString('utf8');
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return spawned;
}

/** The exit code or signal, once all output has been read. (`close` alone never comes after a `disconnect`.) */
async function endOf(child: ChildProcess): Promise<number | string> {
  const read = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
  const [code, signal] = await once(child, 'exit');
  await Promise.all(read);
  return code ?? signal;
}

/** Waits until `look` returns something other than false, null or undefined; fails after `withinMs` (default 10 s). */
export async function waitFor<Value>(
  what: string,
  look: () => Value | Promise<Value>,
  withinMs = 10_000,
): Promise<NonNullable<Value>> {
  const endsAt = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (performance.now() > endsAt) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A port of this machine that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
