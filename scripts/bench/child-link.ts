// A child process of the benchmark that answers questions through its channel. It knows no particular child.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { BenchError } from './bench-error.ts';
import { monotonicMs } from './monotonic.ts';

export interface ChildOptions {
  /** The built script, relative to the project. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Takes both outputs. */
  readonly logFile: string;
}

/** What a child sends: the answer to the question of that id; id 0 is what it says by itself once it is ready. */
export interface ChildAnswer {
  readonly id: number;
  readonly value: unknown;
}

export class ChildLink {
  readonly child: ChildProcess;
  /** Just before it was spawned, ms of the system-wide monotonic clock. */
  readonly spawnedMs: number;
  readonly #options: ChildOptions;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  constructor(options: ChildOptions) {
    this.#options = options;
    const output = openSync(options.logFile, 'a');
    this.spawnedMs = monotonicMs();
    this.child = spawn(
      process.execPath,
      [path.join(packageRoot, 'build', options.script), ...(options.args ?? [])],
      {
        cwd: packageRoot,
        env: options.environment,
        stdio: ['ignore', output, output, 'ipc'],
        // Out of reach of the terminal's Ctrl-C: the benchmark itself ends its children.
        detached: true,
      },
    );
    closeSync(output);
    this.child.on('message', ({ id, value }: ChildAnswer) => {
      this.#waiting.get(id)?.resolve(value);
      this.#waiting.delete(id);
    });
    this.child.once('exit', () => this.#failAll());
    this.child.once('error', () => this.#failAll());
  }

  /** Resolves with what the child says by itself. */
  ready<Value>(): Promise<Value> {
    return this.#answerTo(0);
  }

  /** Asks and resolves with the answer. Rejects when the child ends before. */
  ask<Value>(question: { readonly kind: string }): Promise<Value> {
    this.#lastId += 1;
    const answer = this.#answerTo<Value>(this.#lastId);
    if (this.child.connected) this.child.send({ ...question, id: this.#lastId });
    else this.#failAll();
    return answer;
  }

  /** Closes the channel, upon which the child ends; resolves when it has. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    await ended;
  }

  #answerTo<Value>(id: number): Promise<Value> {
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    return answer as Promise<Value>;
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(
        new BenchError(
          'ERR_BENCH_COULD_NOT_RUN',
          `${this.#options.script} ended before it answered: ${lastLines(this.#options.logFile)}`,
        ),
      );
    }
    this.#waiting.clear();
  }
}

/** The last lines of a log, for a message. */
export function lastLines(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return (
    lines
      .filter((line) => line.trim() !== '')
      .slice(-3)
      .join(' / ') || 'it said nothing'
  );
}
