// Time that a seed owns. Whatever is to happen waits in one queue; each step takes the next thing out, lets every promise
// that it resolved run to its end, and only then goes on. Nothing here waits for real time, but for real work: what a database
// server is asked for is done before the next step begins, however long that takes, and takes no time here.

interface Entry {
  readonly atMs: number;
  /** Breaks ties by chance: what happens at one instant happens in any order. */
  readonly order: number;
  readonly callback: () => void;
}

/** More steps than this in one scenario are a tight loop. */
const mostSteps = 200_000;

export class SimulatedTime {
  readonly random: () => number;
  readonly #queue: Entry[] = [];
  readonly #working = new Set<Promise<unknown>>();
  #monotonicMs = 1_000;
  #wallStartMs = Date.UTC(2026, 0, 1);
  steps = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  get monotonicMs(): number {
    return this.#monotonicMs;
  }

  get wallMs(): number {
    return Math.floor(this.#wallStartMs + this.#monotonicMs);
  }

  /** Somebody sets the wall clock. */
  step(byMs: number): void {
    this.#wallStartMs += byMs;
  }

  /** Something happens after `delayMs`. */
  in(delayMs: number, callback: () => void): void {
    const entry = { atMs: this.#monotonicMs + Math.max(0, delayMs), order: this.random(), callback };
    let at = this.#queue.push(entry) - 1;
    // A binary heap: the earliest entry is the first.
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#queue[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      this.#queue[at] = above;
      at = parent;
    }
    this.#queue[at] = entry;
  }

  /** Real work, such as a database's: no step begins, and no time passes, until it is done. Returns its result. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    this.#working.add(work);
    try {
      return await work;
    } finally {
      this.#working.delete(work);
    }
  }

  /** Between `fromMs` and `toMs`, by chance. */
  some(fromMs: number, toMs: number): number {
    return fromMs + this.random() * (toMs - fromMs);
  }

  /** Lets time pass until `isOver`, at most to `endMs`. Returns whether it was over by then. */
  async passUntil(isOver: () => boolean, endMs: number): Promise<boolean> {
    await this.#stepEnds();
    while (!isOver()) {
      const next = this.#queue[0];
      if (next === undefined || next.atMs > endMs) {
        this.#monotonicMs = Math.max(this.#monotonicMs, endMs);
        return false;
      }
      this.#takeFirst();
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.callback();
      await this.#stepEnds();
      this.steps += 1;
      if (this.steps > mostSteps) throw new Error(`a tight loop: ${mostSteps} steps in one scenario`);
    }
    return true;
  }

  async #stepEnds(): Promise<void> {
    await promisesRun();
    while (this.#working.size > 0) {
      await Promise.allSettled(this.#working);
      await promisesRun();
    }
  }

  #takeFirst(): void {
    const last = this.#queue.pop();
    if (last === undefined || this.#queue.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const leftEntry = this.#queue[left];
      const rightEntry = this.#queue[right];
      if (leftEntry === undefined) break;
      const isRight = rightEntry !== undefined && isBefore(rightEntry, leftEntry);
      const child = isRight ? rightEntry : leftEntry;
      if (!isBefore(child, last)) break;
      this.#queue[at] = child;
      at = isRight ? right : left;
    }
    this.#queue[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/**
 * Resolves when no promise is left that could go on by itself. Node runs all microtasks before the next tick, so a tick
 * asked for by a microtask comes after all of them; unlike setImmediate it costs a fraction of a microsecond.
 */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
