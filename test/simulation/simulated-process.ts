// A process that can be killed or stopped between any two of its steps. Whatever would run its code goes through
// `later`: of a killed process nothing ever runs again, of a stopped one it runs when it is woken.
import type { Clock } from '../../apps/outbox/clock.ts';
import type { SimulatedTime } from './simulated-time.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly slot: string;
  readonly #time: SimulatedTime;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #held: (() => void)[] = [];

  constructor(time: SimulatedTime, identity: { readonly name: string; readonly slot: string }) {
    this.#time = time;
    this.name = identity.name;
    this.slot = identity.slot;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  kill(): void {
    this.#state = 'dead';
    this.#held = [];
  }

  stop(): void {
    this.#state = 'stopped';
  }

  /** Everything that became due meanwhile runs now, in any order. */
  wake(): void {
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const callback of held) this.later(this.#time.some(0, 0.1), callback);
  }

  /** Runs this process's code after `delayMs`, if it is still there. Returns a cancel function. */
  later(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const run = () => {
      if (isCancelled || this.#state === 'dead') return;
      if (this.#state === 'stopped') this.#held.push(run);
      else callback();
    };
    this.#time.in(delayMs, run);
    return () => {
      isCancelled = true;
    };
  }

  /** Resolves after `delayMs` of this process's time; never, when it was killed. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.later(delayMs, resolve));
  }

  /** The time as this process reads it. Timers are late by up to a millisecond and a half, as Node's are. */
  get clock(): Clock {
    return {
      nowMs: () => this.#time.wallMs,
      monotonicMs: () => this.#time.monotonicMs,
      after: (delayMs, callback) => this.later(Math.max(0, delayMs) + this.#time.some(0, 1.5), callback),
      soon: (callback) => this.later(this.#time.some(0.01, 0.2), callback),
    };
  }
}
