// Somebody who does the work: a peer in one of its variants, or this project's relayer. All are measured through this shape, by the same code.
import type { GatewayLink } from '../gateway-link.ts';
import type { Left } from './peer.ts';
import type { PeerCommit } from './store-link.ts';

/** A worker's process. */
export interface WorkerProcess {
  readonly pid: number;
  /** Just before it was spawned, ms of the system-wide monotonic clock. */
  readonly spawnedMs: number;
  /** Resolves when it works. Rejects when it ends before. */
  readonly ready: Promise<unknown>;
  /** Rejects when it ends unasked; never resolves. */
  readonly failed: Promise<never>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface Contestant {
  /** Part of the names of its measures, such as `plainjob.tuned`. */
  readonly name: string;
  /** What people read. */
  readonly label: string;
  /** Everything gone, and so many events committed and waiting. No worker runs. */
  fill(count: number): Promise<void>;
  startWorker(): WorkerProcess;
  trickle(count: number, everyMs: number): Promise<readonly PeerCommit[]>;
  left(): Promise<Left>;
  /** Keys of the events that a worker, alive or dead, has claimed and not completed. */
  claimedKeys(): Promise<readonly string[]>;
  /** CPU time of its server so far, ms; null where there is none or it cannot be seen. */
  serverCpuMs(): Promise<number | null>;
  /** Ends the processes that belong to it. */
  end(): Promise<void>;
}

/** How much work there is. */
export interface Load {
  /** Events that wait when a drain begins. */
  readonly pending: number;
  /** Commits of a trickle. */
  readonly trickled: number;
  /** Events that wait before a kill, which comes when a tenth of them has arrived. */
  readonly backlog: number;
}

/** Of a benchmark, but for what a flag says. */
export const usualLoad = { trickled: 100, backlog: 5_000 } as const;

/** What all works on a contestant have in common. */
export interface Track {
  readonly gateway: GatewayLink;
  readonly signal: AbortSignal;
  readonly load: Load;
}
