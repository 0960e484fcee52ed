// Which processes there are, and which of them have finished starting, judged by what they do: a relayer reports its
// start in the database, an ingester commits, a sandbox answers. It looks again and again and changes nothing, but for
// telling a restarted sandbox its faults.
import { statSync } from 'node:fs';
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import type { Arena } from './arena.ts';
import { arenaFiles } from './evidence.ts';
import type { Facts } from './facts.ts';
import type { Pm2, SupervisedApp } from './pm2.ts';
import { type ChaosRecord, monotonicMs, type Target, wasToldToEnd } from './record.ts';
import type { SandboxLink } from './sandbox-link.ts';
import type { SecondRelayer } from './second-relayer.ts';

export interface Vital {
  readonly pid: number;
  readonly isUp: boolean;
}

export interface VitalsParts {
  readonly arena: Arena;
  readonly pm2: Pm2;
  readonly facts: Facts;
  readonly link: SandboxLink;
  readonly second: SecondRelayer;
  readonly record: ChaosRecord;
}

interface Seen {
  readonly pid: number;
  /** What `progressOf` was when the process was first seen. */
  readonly atFirst: number;
}

const everybody = ['ingester', 'relayer', 'second relayer', 'sandbox'] as const satisfies readonly Target[];
const lookEveryMs = 50;

export class Vitals {
  readonly #parts: VitalsParts;
  readonly #seen = new Map<Target, Seen>();
  #isOver = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: VitalsParts) {
    this.#parts = parts;
  }

  /** Looks until `stop`. Calls back when it cannot any more; `stop` then throws the reason. */
  start(onFailure: () => void): void {
    this.#looking = this.#look();
    this.#looking.catch(onFailure);
  }

  /** Resolves when no look is under way any more. */
  stop(): Promise<void> {
    this.#isOver = true;
    return this.#looking;
  }

  /** The process under that name now; null while there is none. */
  of(target: Target): Vital | null {
    const pid = this.#pidOf(target);
    if (pid === null) return null;
    const seen = this.#note(target, pid);
    const isUp =
      target === 'sandbox' ? this.#parts.link.pid === pid : this.#progressOf(target) > seen.atFirst;
    return { pid, isUp };
  }

  /** On time, whatever the sandbox does: a process seen too late would never seem to have come up. */
  async #look(): Promise<void> {
    let syncing: Promise<void> | null = null;
    while (!this.#isOver) {
      syncing ??= this.#parts.link.sync().finally(() => {
        syncing = null;
      });
      for (const target of everybody) this.of(target);
      await sleep(systemClock, lookEveryMs);
    }
    await syncing;
  }

  #pidOf(target: Target): number | null {
    return target === 'second relayer'
      ? this.#parts.second.pid
      : this.#parts.pm2.pidOf(target satisfies SupervisedApp);
  }

  #note(target: Target, pid: number): Seen {
    const before = this.#seen.get(target);
    if (before?.pid === pid) return before;
    const { record } = this.#parts;
    const isUnderPm2 = target !== 'second relayer';
    if (isUnderPm2 && before !== undefined && !wasToldToEnd(record, before.pid)) {
      record.add({ kind: 'unasked exit', target, pid: before.pid, seenAtMs: monotonicMs() });
    }
    const seen = { pid, atFirst: this.#progressOf(target) };
    this.#seen.set(target, seen);
    return seen;
  }

  /** A number that grows when a process of that name does its work. */
  #progressOf(target: Target): number {
    switch (target) {
      case 'ingester':
        return statSync(this.#parts.arena.file(arenaFiles.journal), { throwIfNoEntry: false })?.size ?? 0;
      case 'relayer':
      case 'second relayer':
        return this.#parts.facts.relayerStarts().count;
      case 'sandbox':
        return 0;
      default:
        return target satisfies never;
    }
  }
}
