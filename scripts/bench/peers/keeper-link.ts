// The benchmark's side of a keeper: a process that makes a place of the benchmark's own on a server and takes it away again, even when the
// benchmark itself is killed. One for each server.
import { type ChildAnswer, ChildLink } from '../child-link.ts';
import type { Ground } from '../ground.ts';
import type { Place, ServerKind } from './peer.ts';

export interface KeeperTask {
  readonly id: number;
  readonly kind: 'keep';
  readonly server: ServerKind;
  readonly url: string;
  /** Of a peer that brings the server's driver. */
  readonly modules: string;
  /** The place is taken away when no process of this folder is left. */
  readonly folder: string;
}

/** Where the peers work, or why they cannot. */
export type Kept = Pick<Place, 'database' | 'prefix'> | { readonly refused: string };
export type KeeperAnswer = ChildAnswer;

export interface Keeper {
  readonly kept: Kept;
  /** Takes the place away; resolves when it is gone. */
  end(): Promise<void>;
}

export async function startKeeper(
  ground: Ground,
  task: Omit<KeeperTask, 'id' | 'kind' | 'folder'>,
): Promise<Keeper> {
  const link = new ChildLink({
    script: 'scripts/bench/peers/keeper-main.js',
    environment: outlivingEnvironment(ground),
    logFile: ground.file('keeper.log'),
  });
  await link.ready();
  const kept = await link.ask<Kept>({ ...task, kind: 'keep', folder: ground.folder } as { kind: string });
  return { kept, end: () => link.end() };
}

/** Without the run's folder, or the keeper would be ended with the run's other processes. */
function outlivingEnvironment({ environment, folder }: Ground): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => !value.includes(folder)));
}
