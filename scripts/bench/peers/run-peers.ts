// `npm run bench -- --peers`: lines up, lets everybody compete, and reports; whatever happens, the peers' processes end and what was made
// on servers is removed.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Bench } from '../bench.ts';
import type { Measure } from '../measure.ts';
import { type Competition, compete, type LeftOut } from './compete.ts';
import { type Load, usualLoad } from './contestant.ts';
import { createOurs } from './ours.ts';
import { type OursOnPostgres, oursOnPostgres } from './ours-postgres.ts';
import type { PeerInfo } from './peer.ts';
import { type Lineup, lineUp, type Ready } from './peer-setup.ts';
import { measuresOf } from './peer-works.ts';
import type { WorkName } from './work-names.ts';

/** A contestant as the report names it. */
export interface PeerEntry {
  /** In the names of its measures: `peers.<name>.drain` and so on. */
  readonly name: string;
  readonly label: string;
  readonly version: string;
  readonly settings: string;
  readonly database: string;
  /** How long what a dead worker held waits. */
  readonly lease: string;
  /** It drained for as long as it was given, not to the end. */
  readonly isCut: boolean;
  /** With 20 events a second, in most runs. */
  readonly keepsUp: boolean;
}

export interface PeersReport {
  readonly entries: readonly PeerEntry[];
  readonly leftOut: readonly LeftOut[];
}

export interface PeersOptions {
  readonly peers: readonly PeerInfo[];
  /** Where they are kept installed. */
  readonly cache: string;
  readonly works: readonly WorkName[];
}

export async function runPeers(
  bench: Bench,
  { peers, cache, works }: PeersOptions,
): Promise<{ readonly report: PeersReport; readonly measures: readonly Measure[] }> {
  const ours = createOurs(bench, { name: 'ours', label: 'ours', stock: bench.stock });
  const lineup = await lineUp(bench, peers, cache);
  const second = peers.some(({ server }) => server === 'PostgreSQL') ? await oursOnPostgres(bench) : null;
  try {
    const others = [second?.contestant ?? [], lineup.ready.map(({ contestant }) => contestant)].flat();
    const load = { ...usualLoad, pending: bench.settings.pending };
    const { leftOut } = lineup;
    const competition = await compete(bench, {
      ...{ ours, others, works, leftOut, load },
      times: bench.settings.runs,
    });
    return reportOf(bench, lineup, { ...competition, load, second });
  } finally {
    await ours.end();
    await second?.end();
    await lineup.end();
  }
}

function reportOf(
  bench: Bench,
  { ready }: Lineup,
  {
    runs,
    leftOut,
    load,
    second,
  }: Competition & { readonly load: Load; readonly second: OursOnPostgres | null },
) {
  const ours = runs.get('ours') ?? [];
  const ourSecond = second === null ? undefined : runs.get(second.contestant.name);
  const rows = [
    { ...{ name: 'ours', label: 'ours' }, about: ourEntry(bench, onSqlite), runs: ours },
    ...(second === null || ourSecond === undefined
      ? []
      : [{ ...second.contestant, about: ourEntry(bench, second.about), runs: ourSecond }]),
    ...ready.flatMap((one) => {
      const { name, label } = one.contestant;
      const done = runs.get(name);
      return done === undefined ? [] : [{ name, label, about: entryOf(one), runs: done }];
    }),
  ];
  const entries = rows.map(
    ({ name, label, about, runs }): PeerEntry => ({
      ...{ name, label, ...about },
      isCut: runs.some(({ drain }) => drain?.isCut === true),
      keepsUp: runs.filter(({ trickle }) => trickle === null).length * 2 < runs.length,
    }),
  );
  const measures = rows.flatMap((row) => measuresOf(row, ours, load));
  return { report: { entries, leftOut }, measures };
}

const onSqlite = { writer: 'the writer commits with synchronous=FULL', database: 'SQLite' } as const;

function ourEntry(
  { settings: { concurrency } }: Bench,
  { writer, database }: { readonly writer: string; readonly database: string },
) {
  const slots = concurrency === null ? 'defaults' : `concurrency ${concurrency}`;
  return {
    version: 'this commit',
    settings: `${slots}; ${writer}`,
    database,
    lease: 'no wait: a successor takes over',
  };
}

function entryOf({ peer, variant, about, modules }: Ready) {
  const [name = ''] = Object.keys(peer.packages);
  return {
    version: versionIn(modules, name),
    settings: peer.settings[variant],
    database: about,
    lease: peer.lease[variant],
  };
}

function versionIn(modules: string, name: string): string {
  const file = path.join(modules, 'node_modules', name, 'package.json');
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
