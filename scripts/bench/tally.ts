// What the server has seen: every key with the instants of its first request, repeats, bytes, and when each connection brought
// its first event. It answers nothing.

/** One event's first request. Instants are ms of the system-wide monotonic clock. */
export interface Arrival {
  readonly key: string;
  /** The request was complete. */
  readonly arrivedMs: number;
  /** Its 201 was handed to the system. */
  readonly answeredMs: number;
}

export interface Counts {
  /** Different keys. */
  readonly accepted: number;
  /** Requests for a key seen before. */
  readonly duplicates: number;
  /** Of the bodies of all requests that brought events. */
  readonly bodyBytes: number;
  /** CPU time of the server since the last reset, ms. */
  readonly cpuMs: number;
  /** Arrivals of the middle one and of the last one of the events; 0 when there are none. */
  readonly middleMs: number;
  readonly lastMs: number;
}

const keyMember = Buffer.from('"idempotency_key":"');
const quote = 0x22;

export class Tally {
  readonly #index = new Map<string, number>();
  readonly #arrivedMs: number[] = [];
  readonly #answeredMs: number[] = [];
  #duplicates = 0;
  #bodyBytes = 0;
  #cpuAtReset = process.cpuUsage();

  /** Counts a request that brought an event. Returns its key's number, or null for a repeat. Throws when there is no key. */
  arrived(body: Buffer, nowMs: number): number | null {
    const at = body.indexOf(keyMember);
    if (at === -1) throw new Error('an event without an idempotency key');
    const from = at + keyMember.length;
    const key = body.toString('latin1', from, body.indexOf(quote, from));
    this.#bodyBytes += body.length;
    if (this.#index.has(key)) {
      this.#duplicates += 1;
      return null;
    }
    const number = this.#arrivedMs.push(nowMs) - 1;
    this.#index.set(key, number);
    this.#answeredMs.push(Number.NaN);
    return number;
  }

  answered(number: number, nowMs: number): void {
    this.#answeredMs[number] = nowMs;
  }

  /** Different keys so far. */
  get accepted(): number {
    return this.#index.size;
  }

  get counts(): Counts {
    const { user, system } = process.cpuUsage(this.#cpuAtReset);
    return {
      accepted: this.#index.size,
      duplicates: this.#duplicates,
      bodyBytes: this.#bodyBytes,
      cpuMs: (user + system) / 1_000,
      middleMs: this.#arrivedMs[this.#arrivedMs.length >> 1] ?? 0,
      lastMs: this.#arrivedMs.at(-1) ?? 0,
    };
  }

  /** In the order of arrival. */
  get arrivals(): readonly Arrival[] {
    return [...this.#index].map(([key, number]) => ({
      key,
      arrivedMs: this.#arrivedMs[number] ?? Number.NaN,
      answeredMs: this.#answeredMs[number] ?? Number.NaN,
    }));
  }

  reset(): void {
    this.#index.clear();
    this.#arrivedMs.length = 0;
    this.#answeredMs.length = 0;
    this.#duplicates = 0;
    this.#bodyBytes = 0;
    this.#cpuAtReset = process.cpuUsage();
  }
}
