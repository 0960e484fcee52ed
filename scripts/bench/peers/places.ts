// Gives every peer a place of its own: a file in the run's folder, or what a keeper has made on a server, which peers on one server share.
import type { Ground } from '../ground.ts';
import { type Keeper, type Kept, startKeeper } from './keeper-link.ts';
import type { PeerInfo, ServerKind, Variant } from './peer.ts';
import { serverUrl, whyAbsent } from './server-address.ts';

export interface Places {
  /** Null when somebody answers where the peer's server should be, or when it needs none; else why not, for people. */
  absent(peer: PeerInfo): Promise<string | null>;
  /** `modules` is where the peer is installed, with the driver of its server. */
  of(peer: PeerInfo, variant: Variant, modules: string): Promise<Kept>;
  /** Takes away what was made on servers. Ends every process of the run. */
  end(): Promise<void>;
}

export function createPlaces(ground: Ground, environment: NodeJS.ProcessEnv): Places {
  const keepers = new Map<ServerKind, Keeper>();
  return {
    absent: async ({ server }) =>
      server === null ? null : whyAbsent(server, serverUrl(server, environment)),
    async of({ name, server }, variant, modules) {
      if (server === null) return { database: ground.file(`${name}.${variant}.db`), prefix: '' };
      const url = serverUrl(server, environment);
      const keeper = keepers.get(server) ?? (await startKeeper(ground, { server, url, modules }));
      keepers.set(server, keeper);
      return keeper.kept;
    },
    async end() {
      await Promise.all([...keepers.values()].map((keeper) => keeper.end()));
    },
  };
}
