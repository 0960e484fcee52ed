// The peers' result as a person reads it: a line for each contestant, with this project's figure divided by theirs beside each of theirs,
// and then what each of them is and how it was set up. Pure.
import type { BenchResult } from '../run.ts';
import { aboutLines } from '../table.ts';
import { usualLoad } from './contestant.ts';
import type { PeerEntry, PeersReport } from './run-peers.ts';
import { drainLimitMs } from './work-drain.ts';

const columns = [
  ['', 24],
  ['drain /s', 17],
  ['arrival p50 ms', 17],
  ['arrival p99 ms', 17],
  ['CPU us/event', 17],
  ['+ server', 17],
  ['after a kill ms', 17],
  ['wait for a lease', 21],
] as const;

/** The lines, without a line break at the end. */
export function peersTableText(result: BenchResult, { entries, leftOut }: PeersReport): string {
  const { runs, pending } = result.settings;
  const lines = [
    ...aboutLines(result),
    '',
    `Medians of ${runs}; in brackets ours / theirs: above 1 in the first column and below 1 in the others, ours is ahead.`,
    '',
    rowOf(columns.map(([title]) => title)),
    ...entries.map((entry) => rowOf(cellsOf(result, entry))),
    '',
    `drain: ${pending.toLocaleString('en')} committed events wait; from the start of the worker's process to the last one completed (~: not done`,
    `  in ${drainLimitMs / 1_000} s, what was completed until then). arrival: from the return of COMMIT, or of the enqueuing, to the gateway, 20 events/s.`,
    `CPU: of the worker's process in the drain; + server: with that of its database's server, where it has one (-: not to be seen).`,
    `after a kill: SIGKILL with ${usualLoad.backlog.toLocaleString('en')} events waiting, a successor at once; until its first delivery. wait for a lease: what the dead`,
    '  worker had claimed and its successor could not take (of these, sent before: they arrive twice), and for how long they wait.',
    '',
    ...entries.flatMap(({ label, version, settings, database }) => [
      `${label} (${version}): ${settings}; ${database}`,
    ]),
    ...leftOut.map(({ name, why }) => `${name} is left out: ${why}`),
  ];
  return lines.join('\n');
}

function cellsOf(result: BenchResult, entry: PeerEntry): readonly string[] {
  const { name, label, isCut, keepsUp, lease } = entry;
  const found = (what: string) => result.measures.find((one) => one.name === `peers.${name}.${what}`);
  const value = (what: string) => {
    const [own, ratio] = [found(what), found(`${what}.ratio`)];
    if (own === undefined) return '-';
    return ratio === undefined ? shortly(own.median) : `${shortly(own.median)} (${shortly(ratio.median)})`;
  };
  const late = keepsUp ? '' : 'too slow';
  const [stranded, sent] = [found('stranded'), found('stranded-sent')];
  const waits =
    stranded === undefined || sent === undefined
      ? '-'
      : stranded.median === 0
        ? '0'
        : `${stranded.median} (${sent.median}), ${lease}`;
  return [
    label,
    `${isCut ? '~' : ''}${value('drain')}`,
    late || value('arrival.p50'),
    late || value('arrival.p99'),
    value('cpu'),
    found('cpu-server') === undefined ? '-' : value('cpu-all'),
    value('kill'),
    waits,
  ];
}

/** With as many digits as mean something, whatever its size. */
export function shortly(value: number): string {
  if (value >= 20) return Math.round(value).toLocaleString('en');
  if (value >= 3) return value.toFixed(1);
  return value >= 0.1 || value === 0 ? value.toFixed(2) : value.toPrecision(1);
}

function rowOf(cells: readonly string[]): string {
  return cells
    .map((cell, index) =>
      index === 0 ? cell.padEnd(columns[0][1]) : cell.padStart(columns[index]?.[1] ?? 0),
    )
    .join(' ')
    .trimEnd();
}
