// Brings every peer that can be had to the start: server, installation, a place of its own, its application. Who cannot be had is left out by
// name, with the reason.
import path from 'node:path';
import type { Bench } from '../bench.ts';
import { pause } from '../patience.ts';
import type { LeftOut } from './compete.ts';
import type { Contestant } from './contestant.ts';
import { type Installed, install } from './install.ts';
import { type Keeper, startKeeper } from './keeper-link.ts';
import { type PeerInfo, type Place, type ServerKind, type Variant, variants } from './peer.ts';
import { createPeerContestant } from './peer-contestant.ts';
import { serverUrl, whyAbsent } from './server-address.ts';

export interface Ready {
  readonly peer: PeerInfo;
  readonly variant: Variant;
  readonly contestant: Contestant;
  /** Where it is installed. */
  readonly modules: string;
  /** Its database or server, and how that is set. */
  readonly about: string;
}

export interface Lineup {
  readonly ready: readonly Ready[];
  readonly leftOut: readonly LeftOut[];
  /** Ends the applications and takes the places away. */
  end(): Promise<void>;
}

/** `cache` is where peers are kept installed. */
export async function lineUp(bench: Bench, peers: readonly PeerInfo[], cache: string): Promise<Lineup> {
  const ready: Ready[] = [];
  const leftOut: LeftOut[] = [];
  const keepers = new Map<ServerKind, Keeper>();
  const end = async () => {
    await Promise.all(ready.map(({ contestant }) => contestant.end()));
    await Promise.all([...keepers.values()].map((keeper) => keeper.end()));
  };
  try {
    for (const peer of peers) {
      const result = await prepare(bench, peer, { cache, keepers });
      await pause(0, bench.signal);
      if (typeof result === 'string') {
        bench.say(`${peer.name} is left out: ${result}`);
        leftOut.push({ name: peer.name, why: result });
      } else {
        ready.push(...result);
      }
    }
    return { ready, leftOut, end };
  } catch (error) {
    await end();
    throw error;
  }
}

interface Shelf {
  readonly cache: string;
  readonly keepers: Map<ServerKind, Keeper>;
}

/** Both variants, or why there is none. */
async function prepare(bench: Bench, peer: PeerInfo, shelf: Shelf): Promise<readonly Ready[] | string> {
  const url = peer.server === null ? null : serverUrl(peer.server, process.env);
  if (peer.server !== null && url !== null) {
    const absent = await whyAbsent(peer.server, url);
    if (absent !== null) return absent;
  }
  const installed = await installPeer(bench, peer, shelf.cache);
  if (installed.kind === 'missing') return installed.why;
  const { modules } = installed;
  const ready: Ready[] = [];
  for (const variant of variants) {
    const kept = await keptFor(bench, { peer, variant, url, modules }, shelf.keepers);
    if ('refused' in kept) return kept.refused;
    const module = new URL(`./${peer.name}.js`, import.meta.url).href;
    const { ground, gateway } = bench;
    const setup = { module, variant, ground, baseUrl: gateway.baseUrl, peer: peer.name };
    try {
      const { contestant, about } = await createPeerContestant({ ...setup, place: { ...kept, modules } });
      ready.push({ peer, variant, modules, contestant, about });
    } catch (error) {
      await Promise.all(ready.map(({ contestant }) => contestant.end()));
      return error instanceof Error ? error.message : String(error);
    }
  }
  return ready;
}

/** npm works with the caller's own settings: registry, proxy, cache. */
function installPeer({ ground, say, signal }: Bench, peer: PeerInfo, cache: string): Promise<Installed> {
  const environment = { ...process.env, OUTBOX_BENCH_FOLDER: ground.folder };
  return install(peer, { cache, environment, say, signal });
}

async function keptFor(
  { ground }: Bench,
  {
    peer,
    variant,
    url,
    modules,
  }: {
    readonly peer: PeerInfo;
    readonly variant: Variant;
    readonly url: string | null;
    readonly modules: string;
  },
  keepers: Map<ServerKind, Keeper>,
): Promise<Pick<Place, 'database' | 'prefix'> | { readonly refused: string }> {
  const { server, name } = peer;
  if (server === null || url === null) {
    return { database: path.join(ground.folder, `${name}.${variant}.db`), prefix: '' };
  }
  const keeper = keepers.get(server) ?? (await startKeeper(ground, { server, url, modules }));
  keepers.set(server, keeper);
  return keeper.kept;
}
