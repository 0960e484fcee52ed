// What the processes of a peer are told at their start: in their environment, since a URL may hold a password and everybody can read command lines.
import type { Place, Variant } from './peer.ts';

export interface PeerTask {
  /** URL of the peer's built module. */
  readonly module: string;
  readonly place: Place;
  readonly variant: Variant;
}

const variable = 'OUTBOX_BENCH_PEER';

export function taskEnvironment({ module, place, variant }: PeerTask): Readonly<Record<string, string>> {
  return { [variable]: JSON.stringify({ module, place, variant }) };
}

/** What the benchmark put there. */
export function readTask(environment: NodeJS.ProcessEnv): PeerTask {
  return JSON.parse(environment[variable] ?? '') as PeerTask;
}
