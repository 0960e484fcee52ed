// A relayer beside PM2's, started and reaped by the run itself: it takes over while the other sleeps, or sleeps itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import type { Arena } from './arena.ts';
import { sandboxUrl } from './arena.ts';
import { type ChaosRecord, monotonicMs, spanOf, wasToldToEnd } from './record.ts';

const target = 'second relayer';
/** More than its drain timeout. */
const stopLimitMs = 10_000;

export class SecondRelayer {
  readonly #arena: Arena;
  readonly #record: ChaosRecord;
  #child: ChildProcess | null = null;
  #sinceMs = 0;

  constructor(arena: Arena, record: ChaosRecord) {
    this.#arena = arena;
    this.#record = record;
  }

  /** Null while there is none. */
  get pid(): number | null {
    const child = this.#child;
    return child === null || child.exitCode !== null || child.signalCode !== null
      ? null
      : (child.pid ?? null);
  }

  /** Starts one unless one lives. */
  start(): void {
    if (this.pid !== null) return;
    if (this.#child === null) this.#sinceMs = monotonicMs();
    this.#noteUnaskedExit();
    const output = openSync(this.#arena.file('second-relayer.txt'), 'a');
    this.#child = spawn(process.execPath, [path.join(packageRoot, 'build/apps/relayer/main.js')], {
      cwd: packageRoot,
      env: { ...this.#arena.environment, RELAYER_SANDBOX_URL: sandboxUrl(this.#arena) },
      // With a channel it stops by itself should this process vanish; detached, Ctrl-C does not reach it first.
      stdio: ['ignore', output, output, 'ipc'],
      detached: true,
    });
    closeSync(output);
  }

  /** Ends it: with SIGTERM it drains first. Resolves when it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    const { pid } = this;
    if (child === null) return;
    this.#noteUnaskedExit();
    if (pid !== null) {
      const exited = once(child, 'exit');
      const atMs = Date.now();
      const span = spanOf(() => child.kill(signal));
      if (signal === 'SIGTERM') this.#record.add({ kind: 'stop', target, pid, ...span });
      else this.#record.add({ kind: 'kill', target, pid, wasUp: true, leased: null, atMs, ...span });
      const timer = setTimeout(() => this.#force(child), stopLimitMs);
      await exited;
      clearTimeout(timer);
    }
    this.#child = null;
    this.#record.add({ kind: 'second relayer', fromMs: this.#sinceMs, toMs: monotonicMs() });
  }

  #force(child: ChildProcess): void {
    this.#record.add({ kind: 'left running', processes: [`${target} (${child.pid}), told to stop`] });
    child.kill('SIGKILL');
  }

  #noteUnaskedExit(): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.pid !== null || wasToldToEnd(this.#record, pid)) return;
    this.#record.add({ kind: 'unasked exit', target, pid, seenAtMs: monotonicMs() });
  }
}
