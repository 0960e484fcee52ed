// The end of a run as a person reads it: a short table, the verdict, and how to run the same again. Pure.
import { formatDuration } from '../../apps/outbox/duration.ts';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import type { ChaosSettings } from './config.ts';
import type { Series } from './growth.ts';
import { sparkline } from './picture.ts';
import type { Totals, Verdict } from './reconcile.ts';
import { percentile, type Recovery } from './recovery.ts';

export interface ReportInput {
  readonly settings: ChaosSettings;
  readonly verdict: Verdict;
  /** Where the evidence is; null when it was removed. */
  readonly folder: string | null;
}

/** The lines, without a line break at the end. */
export function reportText({ settings, verdict, folder }: ReportInput): string {
  const { totals, broken } = verdict;
  const lines = [...verdict.picture, '', ...tableOf(totals), ...verdict.series.map(seriesLine), ''];
  if (broken.length === 0) lines.push('HELD: every invariant holds.');
  else {
    lines.push(`BROKEN: ${broken.map(({ name }) => name).join(', ')}`);
    for (const { name, promise, count, example } of broken) {
      lines.push(`  ${name} (${count}): ${promise}`, `    for example: ${example}`);
    }
  }
  lines.push(`The same trouble again: ${commandOf(settings)}`);
  if (folder !== null) lines.push(`Its files are kept: ${folder}`);
  return lines.join('\n');
}

/** The command that plays the same trouble again. What it hits depends on timing, too. */
export function commandOf(settings: ChaosSettings): string {
  const { seed, durationMs, kills, relayers, soak, forget } = settings;
  const database = databaseWord(settings);
  const time = formatDuration(durationMs);
  const words = [
    `--seed ${seed}`,
    soak ? `--soak ${time}` : `--duration ${time} --kills ${kills}`,
    `--relayers ${relayers}`,
    ...(database === 'sqlite' ? [] : [`--database ${database}`]),
  ];
  return `npm run chaos -- ${[...words, ...(forget ? ['--forget'] : [])].join(' ')}`;
}

/** Which database, for people and files: of a URL without the password. */
export function databaseWord({ database }: Pick<ChaosSettings, 'database'>): string {
  if (!isPostgresUrl(database)) return database;
  const url = new URL(database);
  url.password = '';
  return url.href;
}

function tableOf(totals: Totals): readonly string[] {
  const { committed, accepted, lost, poison, kills, stalls, healingsMs } = totals;
  const isSoak = Object.values(kills).every((count) => count === 0);
  const rows: readonly (readonly [string, string])[] = [
    ['committed', `${committed} events, and ${poison} poison`],
    ['accepted', `${accepted}`],
    ['lost', `${lost}`],
    ['dead', `${totals.dead}, poison left out`],
    ['repeats', repeatsText(totals)],
    ['', otherRepeatsText(totals.repeatsBy)],
    ...(isSoak ? [] : killRows(totals)),
    ['injected faults', `${countsText(totals.faults)}; ${stalls} stalls of the sandbox`],
    ['healed', healedText(healingsMs)],
    ...(isSoak ? [] : recoveryRows(totals.recovery)),
  ];
  return rows.map(([name, value]) => `${name.padEnd(16)} ${value}`);
}

function killRows(totals: Totals): readonly (readonly [string, string])[] {
  const { kills, storms, naps, stops, fenced } = totals;
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(kills).map(([target, count]) => `${target} ${count}`);
  return [
    ['kills', `${total}: ${each.join(', ')}`],
    ['', `${totals.killsInStorms} of them in ${storms} storms, ${totals.killsWhileStarting} while starting`],
    ['asleep', `${naps} relayers past their leases, ${fenced} stale settlements refused`],
    ['polite stops', `${stops}`],
    ...databaseRows(totals),
  ];
}

function databaseRows({ database, repeatsBy }: Totals): readonly (readonly [string, string])[] {
  if (Object.keys(database).length === 0) return [];
  const { session = 0, forgotten = 0 } = repeatsBy;
  return [
    ['database', countsText(database)],
    [
      '',
      `${session} repeats by lost sessions, ${forgotten} by settlements that a crash of the server took back`,
    ],
  ];
}

/** Repeats of relayers' kills are shown per kill. */
function repeatsText({ repeats, repeatsBy, kills }: Totals): string {
  const { kill = 0, nothing = 0 } = repeatsBy;
  const perKill = kills.relayer === 0 ? '' : ` (${(kill / kills.relayer).toFixed(2)} per kill)`;
  return `${repeats}: ${kill} by kills of a relayer${perKill}, ${nothing} unexplained,`;
}

function otherRepeatsText(repeatsBy: Totals['repeatsBy']): string {
  const { fault = 0, pause = 0, sandbox = 0, PM2 = 0 } = repeatsBy;
  return `${fault} by withheld answers, ${pause} by sleep, ${sandbox} by kills of the sandbox, ${PM2} by those of PM2`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none';
}

function healedText(timesMs: readonly number[]): string {
  const longest = seconds(timesMs.at(-1) ?? 0);
  return `${timesMs.length} times; everything committed by then was processed after ${longest} at most`;
}

/** Median of the middle third, median of the last, and all of it as bars. */
function seriesLine({ what, unit, values, before, after }: Series): string {
  const text = (value: number) => (unit === 'count' ? `${value}` : `${(value / 1_048_576).toFixed(1)} MiB`);
  return `${what.padEnd(38)} ${`${text(before)} -> ${text(after)}`.padEnd(22)} ${sparkline(values, 40)}`;
}

/** What the five times are, in the order of the record. */
const recoveryNames = {
  accepted: 'killed relayer -> any other event is accepted',
  redelivered: 'killed relayer -> its first event is accepted again',
  redeliveredAnyhow: '  the same, whatever else came in between',
  up: 'killed relayer -> its replacement has started',
  server: 'database answers again -> an event is accepted',
  serverCommit: 'database answers again -> an invoice is committed',
  pm2: 'PM2 started again -> a new relayer has an event accepted',
} as const satisfies Record<keyof Recovery, string>;

function recoveryRows(recovery: Recovery): readonly (readonly [string, string])[] {
  const header = ['p50', 'p95', 'p99', 'max'].map(inColumn).join('');
  const shown = Object.entries(recoveryNames).filter(
    ([kind]) => !kind.startsWith('server') || recovery[kind as keyof Recovery].of > 0,
  );
  const rows = shown.map(([kind, name]): readonly [string, string] => {
    const { timesMs, of } = recovery[kind as keyof Recovery];
    const values = [0.5, 0.95, 0.99, 1].map((share) => percentile(timesMs, share));
    const texts = values.map((valueMs) => inColumn(valueMs === null ? '-' : `${Math.round(valueMs)}`));
    return ['', `${name.padEnd(nameWidth)}${texts.join('')}  ${timesMs.length} of ${of}`];
  });
  return [['recovery in ms', `${''.padEnd(nameWidth)}${header}  counted`], ...rows];
}

const nameWidth = 54;

function inColumn(text: string): string {
  return text.padStart(7);
}

function seconds(valueMs: number): string {
  return `${(valueMs / 1_000).toFixed(1)} s`;
}
