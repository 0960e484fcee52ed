// The result as a person reads it: one table, a line per figure, and what it was measured with. Pure.
import type { Unit } from './measure.ts';
import type { BenchResult } from './run.ts';

const headings: Readonly<Record<string, string>> = {
  drain: 'Drain',
  latency: 'Latency: from the return of COMMIT',
  burst: 'Burst of 1,000 after 1 s of idleness',
  writer: "Fairness: the application's own transaction (FULL)",
  start: 'Start',
  recovery: 'Recovery',
  idle: 'Idle, for 12 s',
  flat: 'Flat in size: the relayer once it is warm, against the smallest point of the same run',
  confirm: 'Delivery at 50 events/s while 100,000 accepted events are read back',
  prune: 'Delivery at 50 events/s while 150,000 old events are deleted',
  relayers: 'Several relayers, all warm when a backlog appears',
  bloat: 'Events that come and go: what is left of them',
  slots: 'Slots: throughput by latency of the gateway, relayers, and slots of each',
};

/** The lines, without a line break at the end. */
export function tableText(result: BenchResult): string {
  const lines: string[] = [
    ...aboutLines(result),
    '',
    row('', 'median', 'lowest - highest', 'runs x samples'),
  ];
  let part = '';
  for (const { name, label, unit, median, low, high, runs, samplesPerRun } of result.measures) {
    const of = name.split('.')[0] ?? '';
    if (of !== part) lines.push(headings[of] ?? of);
    part = of;
    const range = `${figure(low, unit)} - ${figure(high, unit)}`;
    lines.push(
      row(`  ${label}`, `${figure(median, unit)} ${unitText(unit)}`, range, `${runs} x ${samplesPerRun}`),
    );
  }
  return lines.join('\n');
}

/** What was measured, on what and with what. */
export function aboutLines({
  machine,
  versions,
  pragmas,
  settings,
  commit,
  date,
}: BenchResult): readonly string[] {
  const named = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${name} ${value}`);
  const { runs, pending, relayers, concurrency, gatewayLatencyMs } = settings;
  return [
    `${date}  commit ${commit ?? 'unknown'}`,
    `${machine.cores} cores, ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, load before ${machine.loadBefore}`,
    named(versions).join(', '),
    ...Object.entries(pragmas).map(([side, text]) => `${side}: ${text}`),
    `runs ${runs}, pending ${pending}, relayers ${relayers}, concurrency ${concurrency ?? 'default'}, gateway latency ${gatewayLatencyMs} ms`,
  ];
}

/** A number with as many digits as mean something. */
export function figure(value: number, unit: Unit): string {
  switch (unit) {
    case 'events/s':
    case 'events':
    case 'times':
      return Math.round(value).toLocaleString('en');
    case 'ratio':
      return value.toFixed(2);
    case 'MB':
      return value.toFixed(0);
    case '%':
      return value.toFixed(3);
    case 'us':
    case 'KB':
      return value.toFixed(1);
    case 'ms':
      return Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0);
    default:
      return unit satisfies never;
  }
}

function unitText(unit: Unit): string {
  return unit === 'ratio' ? '' : unit;
}

function row(label: string, median: string, range: string, count: string): string {
  return `${label.padEnd(44)} ${median.padStart(17)}   ${range.padStart(21)}   ${count.padStart(14)}`.trimEnd();
}
