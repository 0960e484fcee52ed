// Brings every peer that can be had to the start: server, installation, a place of its own, its application. Who cannot be had is left out by
// name, with the reason.
import type { Bench } from '../bench.ts';
import { pause } from '../patience.ts';
import type { LeftOut } from './compete.ts';
import type { Contestant } from './contestant.ts';
import { install } from './install.ts';
import { type PeerInfo, type Variant, variants } from './peer.ts';
import { createPeerContestant } from './peer-contestant.ts';
import { createPlaces, type Places } from './places.ts';

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
  /** Ends the applications and takes their places away. */
  end(): Promise<void>;
}

/** `cache` is where peers are kept installed. */
export async function lineUp(bench: Bench, peers: readonly PeerInfo[], cache: string): Promise<Lineup> {
  const ready: Ready[] = [];
  const leftOut: LeftOut[] = [];
  const places = createPlaces(bench.ground, process.env);
  const end = async () => {
    await endAll(ready);
    await places.end();
  };
  try {
    for (const peer of peers) {
      const result = await prepare(bench, peer, { cache, places });
      // An interruption is no reason to leave somebody out.
      await pause(0, bench.signal);
      if (result.kind === 'missing') {
        bench.say(`${peer.name} is left out: ${result.why}`);
        leftOut.push({ name: peer.name, why: result.why });
      } else {
        ready.push(...result.ready);
      }
    }
    return { ready, leftOut, end };
  } catch (error) {
    await end();
    throw error;
  }
}

type Prepared =
  | { readonly kind: 'ready'; readonly ready: readonly Ready[] }
  | { readonly kind: 'missing'; readonly why: string };

/** Both variants. */
async function prepare(
  bench: Bench,
  peer: PeerInfo,
  { cache, places }: { readonly cache: string; readonly places: Places },
): Promise<Prepared> {
  const { ground, gateway, say, signal } = bench;
  const absent = await places.absent(peer);
  if (absent !== null) return { kind: 'missing', why: absent };
  // npm works with the caller's own settings: registry, proxy, cache.
  const environment = { ...process.env, OUTBOX_BENCH_FOLDER: ground.folder };
  const installed = await install(peer, { cache, environment, say, signal });
  if (installed.kind === 'missing') return installed;
  const { modules } = installed;
  const module = new URL(`./${peer.name}.js`, import.meta.url).href;
  const ready: Ready[] = [];
  for (const variant of variants) {
    const kept = await places.of(peer, variant, modules);
    if ('refused' in kept) return { kind: 'missing', why: kept.refused };
    const setup = { peer: peer.name, ground, baseUrl: gateway.baseUrl, module, variant };
    try {
      const { contestant, about } = await createPeerContestant({ ...setup, place: { ...kept, modules } });
      ready.push({ peer, variant, modules, contestant, about });
    } catch (error) {
      await endAll(ready);
      return { kind: 'missing', why: error instanceof Error ? error.message : String(error) };
    }
  }
  return { kind: 'ready', ready };
}

async function endAll(ready: readonly Ready[]): Promise<void> {
  await Promise.all(ready.map(({ contestant }) => contestant.end()));
}
