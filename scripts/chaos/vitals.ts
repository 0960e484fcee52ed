// Which processes there are, and which of them have finished starting, judged by what they do: a relayer reports its
// start in the database, an ingester commits, a sandbox answers. It looks again and again and changes nothing, but for
// telling a restarted sandbox its faults.
import { statSync } from 'node:fs';
import { sleep, systemClock } from '../../apps/outbox/clock.ts';
import type { Arena } from './arena.ts';
import { arenaFiles } from './evidence.ts';
import type { Facts } from './facts.ts';
import type { Pm2, Supervised } from './pm2.ts';
import { type ChaosRecord, monotonicMs, type Target, type Who, wasToldToEnd } from './record.ts';
import type { SandboxLink } from './sandbox-link.ts';

/** A process of the run as it is now. */
export interface Vital extends Who {
  /** It has finished starting. */
  readonly isUp: boolean;
  /** The slot of a relayer that is up, null for everybody else. */
  readonly slot: string | null;
}

export interface VitalsParts {
  readonly arena: Arena;
  readonly pm2: Pm2;
  readonly facts: Facts;
  readonly link: SandboxLink;
  readonly record: ChaosRecord;
}

interface Seen {
  readonly who: Supervised;
  /** On the monotonic clock. */
  readonly atMs: number;
  /** How long the ingester's journal was when the process was first seen. */
  readonly journalBytes: number;
  wasUp: boolean;
}

const lookEveryMs = 50;

export class Vitals {
  readonly #parts: VitalsParts;
  /** By PM2's name. */
  readonly #seen = new Map<string, Seen>();
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

  /** Every process that PM2 runs now. */
  async all(): Promise<readonly Vital[]> {
    const { pm2, facts, link } = this.#parts;
    const slots = await facts.relayerSlots();
    return pm2.processes().map((who) => {
      const seen = this.#note(who);
      const start = who.target === 'relayer' ? slots.get(who.pid) : undefined;
      const slot = start !== undefined && start.atMs >= who.sinceMs ? start.slot : null;
      switch (who.target) {
        case 'ingester':
          return { ...who, slot, isUp: this.#journalBytes() > seen.journalBytes };
        case 'relayer':
          return { ...who, slot, isUp: slot !== null };
        case 'sandbox':
          return { ...who, slot, isUp: link.pid === who.pid };
        default:
          return who.target satisfies never;
      }
    });
  }

  /** The processes of one application, those that are up first. */
  async of(target: Target): Promise<readonly Vital[]> {
    const found = (await this.all()).filter((vital) => vital.target === target);
    return found.sort((a, b) => Number(b.isUp) - Number(a.isUp));
  }

  /** On time, whatever the sandbox does: a process seen too late would never seem to have come up. */
  async #look(): Promise<void> {
    let syncing: Promise<void> | null = null;
    while (!this.#isOver) {
      syncing ??= this.#parts.link.sync().finally(() => {
        syncing = null;
      });
      for (const { name, isUp } of await this.all()) if (isUp) this.#cameUp(name);
      await sleep(systemClock, lookEveryMs);
    }
    await syncing;
  }

  #note(who: Supervised): Seen {
    const before = this.#seen.get(who.name);
    if (before?.who.pid === who.pid && before.who.sinceMs === who.sinceMs) return before;
    const { record } = this.#parts;
    if (before !== undefined && !wasToldToEnd(record, before.who.pid, before.atMs)) {
      const { who: gone, atMs: fromMs, wasUp } = before;
      record.add({ kind: 'unasked exit', ...gone, wasUp, fromMs, toMs: monotonicMs() });
    }
    record.add({ kind: 'process', ...who });
    const seen = { who, atMs: monotonicMs(), journalBytes: this.#journalBytes(), wasUp: false };
    this.#seen.set(who.name, seen);
    return seen;
  }

  #cameUp(name: string): void {
    const seen = this.#seen.get(name);
    if (seen !== undefined) seen.wasUp = true;
  }

  #journalBytes(): number {
    return statSync(this.#parts.arena.file(arenaFiles.journal), { throwIfNoEntry: false })?.size ?? 0;
  }
}
