// The benchmark's side of a peer's application.
import { ChildLink, type ChildOptions } from '../child-link.ts';
import type { Left } from './peer.ts';
import { type PeerTask, taskEnvironment } from './peer-task.ts';

/** What the application of a peer can be told to do. */
export type StoreTask = { readonly id: number } & (
  | { readonly kind: 'fill'; readonly count: number }
  | { readonly kind: 'trickle'; readonly count: number; readonly everyMs: number }
  | { readonly kind: 'left' | 'claimed' | 'server-cpu' }
);

/** One commit, with the instant at which it had returned, ms of the system-wide monotonic clock. */
export interface PeerCommit {
  readonly key: string;
  readonly committedMs: number;
}

export interface StoreLink {
  /** What the peer's database or server is, and how it is set. */
  readonly about: string;
  fill(count: number): Promise<void>;
  trickle(count: number, everyMs: number): Promise<readonly PeerCommit[]>;
  left(): Promise<Left>;
  claimedKeys(): Promise<readonly string[]>;
  serverCpuMs(): Promise<number | null>;
  end(): Promise<void>;
}

export interface PeerProcess extends Pick<ChildOptions, 'environment' | 'logFile'>, PeerTask {}

/** Starts it; resolves when it is connected. */
export async function startStore({ environment, logFile, ...task }: PeerProcess): Promise<StoreLink> {
  const link = new ChildLink({
    script: 'scripts/bench/peers/store-main.js',
    environment: { ...environment, ...taskEnvironment(task) },
    logFile,
  });
  const about = await link.ready<string>();
  return {
    about,
    fill: (count) => link.ask({ kind: 'fill', count } as { kind: string }),
    trickle: (count, everyMs) => link.ask({ kind: 'trickle', count, everyMs } as { kind: string }),
    left: () => link.ask({ kind: 'left' }),
    claimedKeys: () => link.ask({ kind: 'claimed' }),
    serverCpuMs: () => link.ask({ kind: 'server-cpu' }),
    end: () => link.end(),
  };
}
