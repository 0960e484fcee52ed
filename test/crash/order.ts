// The order to strike, as the processes of a world see it: a file that the first who meets it takes away, leaving word.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CrashPoint } from '../../apps/outbox/crash-point.ts';

/** At which passage of which point a process is to be struck, and how. */
export interface Order {
  readonly point: CrashPoint;
  /** Counted by each process from 1, from when the order was given. */
  readonly nth: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** What a process wrote down just before it was struck. */
export interface Struck {
  readonly point: CrashPoint;
  readonly pid: number;
  /** The point that it had passed before this one, and when; null when this was its first. */
  readonly cameFrom: { readonly point: CrashPoint; readonly monotonicMs: number } | null;
  /** Epoch ms. */
  readonly atMs: number;
  readonly monotonicMs: number;
}

export class OrderFile {
  readonly path: string;
  #given = 0;

  constructor(folder: string) {
    this.path = path.join(folder, 'order');
  }

  /** Whoever passes the point next, for the n-th time since now, is struck. */
  give(order: Order): void {
    this.#given += 1;
    // The number tells two equal orders apart.
    writeFileSync(`${this.path}.new`, JSON.stringify({ ...order, number: this.#given }));
    renameSync(`${this.path}.new`, this.path);
  }

  /** What became of it; null while nobody was struck. */
  struck(): Struck | null {
    const file = `${this.path}.struck`;
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Struck) : null;
  }

  /** Forgets it, whether somebody met it or not. */
  forget(): void {
    for (const file of [this.path, `${this.path}.struck`]) rmSync(file, { force: true });
  }
}
