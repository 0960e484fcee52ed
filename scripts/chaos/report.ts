// The end of a run as a person reads it: a short table, the verdict, and how to run the same again. Pure.
import { formatDuration } from '../../apps/outbox/duration.ts';
import type { ChaosSettings } from './config.ts';
import type { Totals, Verdict } from './reconcile.ts';

export interface ReportInput {
  readonly settings: ChaosSettings;
  readonly verdict: Verdict;
  /** Where the evidence is; null when it was removed. */
  readonly folder: string | null;
}

/** The lines, without a line break at the end. */
export function reportText({ settings, verdict, folder }: ReportInput): string {
  const { totals, broken } = verdict;
  const lines = [...tableOf(totals), ''];
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
export function commandOf({ seed, durationMs, kills, forget }: ChaosSettings): string {
  const words = [`--seed ${seed}`, `--duration ${formatDuration(durationMs)}`, `--kills ${kills}`];
  return `npm run chaos -- ${[...words, ...(forget ? ['--forget'] : [])].join(' ')}`;
}

function tableOf(totals: Totals): readonly string[] {
  const { committed, accepted, lost, poison, kills, killsWhileStarting, naps, stalls, stops, fenced } =
    totals;
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(kills).map(([target, count]) => `${target} ${count}`);
  const rows: readonly (readonly [string, string])[] = [
    ['committed', `${committed} events, and ${poison} poison`],
    ['accepted', `${accepted}`],
    ['lost', `${lost}`],
    ['repeats', repeatsText(totals)],
    ['kills', `${total}: ${each.join(', ')}; ${killsWhileStarting} while starting`],
    ['also', `${naps} relayers put to sleep, ${stalls} stalls of the sandbox, ${stops} polite stops`],
    ['fenced', `${fenced} stale settlements refused`],
    ['injected faults', countsText(totals.faults)],
    ['recovery', recoveryText(totals.recovery)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(16)} ${value}`);
}

/** Repeats of kills are shown per kill that can cause one. */
function repeatsText({ repeats, repeatsBy, kills }: Totals): string {
  const { fault = 0, kill = 0, pause = 0, nothing = 0 } = repeatsBy;
  const guilty = kills.relayer + kills['second relayer'] + kills.sandbox;
  const perKill = guilty === 0 ? 'none' : (kill / guilty).toFixed(2);
  return `${repeats}: ${fault} by withheld answers, ${kill} by kills (${perKill} per kill), ${pause} by pauses, ${nothing} unexplained`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none';
}

function recoveryText({ counted, kills, p50Ms, p99Ms, maxMs }: Totals['recovery']): string {
  const from = `from kill -9 of the relayer to its successor's first acceptance, ${counted} of ${kills} kills`;
  if (counted === 0) return `not measured: no kill without another fault near it (${kills} kills)`;
  const text = (valueMs: number | null) => `${Math.round(valueMs ?? 0)} ms`;
  return `p50 ${text(p50Ms)}, p99 ${text(p99Ms)}, max ${text(maxMs)} (${from})`;
}
