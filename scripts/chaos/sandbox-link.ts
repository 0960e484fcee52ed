// Tells the sandbox which faults to show, again after each of its starts, since a killed sandbox forgets them; and
// notices when it is up. It kills nothing.
import type { FaultOrder } from '../sandbox/fault.ts';
import { type ChaosRecord, monotonicMs } from './record.ts';

export interface SandboxLinkOptions {
  readonly port: number;
  readonly record: ChaosRecord;
  /** Shown beside all others, until `endAll`. */
  readonly always: readonly FaultOrder[];
}

const answerLimitMs = 1_000;

export class SandboxLink {
  readonly #options: SandboxLinkOptions;
  #always: readonly FaultOrder[];
  #wanted: readonly FaultOrder[] = [];
  /** The process that has been told what is wanted; null when nobody has. */
  #toldPid: number | null = null;
  #pid: number | null = null;

  constructor(options: SandboxLinkOptions) {
    this.#options = options;
    this.#always = options.always;
  }

  /** The process that answered last. */
  get pid(): number | null {
    return this.#pid;
  }

  /** Whether the sandbox that is up shows what is wanted. */
  get isTold(): boolean {
    return this.#toldPid !== null && this.#toldPid === this.#pid;
  }

  /** From the next `sync` on these faults are shown, and no others. */
  want(orders: readonly FaultOrder[]): void {
    this.#wanted = orders;
    this.#toldPid = null;
  }

  /** No fault any more, not even those that are always there. */
  endAll(): void {
    this.#always = [];
    this.want([]);
  }

  /** Looks who answers, and tells it what is wanted unless it knows. To be called again and again; never throws. */
  async sync(): Promise<void> {
    const health = await this.#ask('GET', 'health');
    const pid = typeof health?.pid === 'number' ? health.pid : null;
    if (pid !== null && pid !== this.#pid) {
      this.#options.record.add({ kind: 'sandbox up', atMs: Date.now(), monotonicMs: monotonicMs() });
    }
    this.#pid = pid;
    if (pid === null || this.#toldPid === pid) return;
    const wanted = this.#wanted;
    const answer = await this.#ask('PUT', 'faults', [...wanted, ...this.#always]);
    if (answer !== null && wanted === this.#wanted) this.#toldPid = pid;
  }

  async #ask(method: string, what: string, body?: unknown): Promise<{ readonly pid?: unknown } | null> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#options.port}/_sandbox/${what}`, {
        method,
        signal: AbortSignal.timeout(answerLimitMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) return null;
      return (await response.json()) as { readonly pid?: unknown };
    } catch {
      return null;
    }
  }
}
