// A line in which every item waits the same time and then comes out in its turn. One timer serves all items.

export interface DelayLine<Item> {
  push(item: Item): void;
  /** Items still waiting. */
  length(): number;
  /** Forgets what waits. */
  stop(): void;
}

/** A line of `delayMs` whose items come out through `release`, a little late rather than early. */
export function createDelayLine<Item>(delayMs: number, release: (item: Item) => void): DelayLine<Item> {
  let waiting: { readonly item: Item; readonly dueMs: number }[] = [];
  let head = 0;
  let timer: NodeJS.Timeout | null = null;

  function releaseDue(): void {
    timer = null;
    const nowMs = performance.now();
    for (let next = waiting[head]; next !== undefined && next.dueMs <= nowMs; next = waiting[head]) {
      head++;
      release(next.item);
    }
    // Cutting the array at every item would make a long line quadratic.
    if (head > waiting.length / 2) {
      waiting = waiting.slice(head);
      head = 0;
    }
    schedule();
  }

  function schedule(): void {
    const next = waiting[head];
    if (timer !== null || next === undefined) return;
    timer = setTimeout(releaseDue, Math.max(1, Math.ceil(next.dueMs - performance.now())));
  }

  return {
    push(item) {
      waiting.push({ item, dueMs: performance.now() + delayMs });
      schedule();
    },
    length: () => waiting.length - head,
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      waiting = [];
      head = 0;
    },
  };
}
