// The result as a picture: an SVG of horizontal bars, a panel per question, with the spread of the runs as a thin line. Pure;
// it draws only what was measured.

import { type Colour, svgBox, svgDocument, svgText } from '../picture/svg.ts';
import type { BenchResult } from './run.ts';
import { figure } from './table.ts';

type Figure = BenchResult['measures'][number];

interface Panel {
  readonly title: string;
  readonly names: readonly string[];
  /** Instead of those of the measures. */
  readonly labels?: readonly string[];
}

const arrivals = (rate: number) => [50, 95, 99].map((percent) => `latency.arrival.${rate}.p${percent}`);

const panels: readonly Panel[] = [
  {
    title: 'Drain, events per second',
    names: ['rate', 'limit', 'limit-pool', 'limit-turns', 'steady', 'limit-warm'].map(
      (name) => `drain.${name}`,
    ),
  },
  { title: 'From the return of COMMIT to the arrival at the gateway, 20 events/s, ms', names: arrivals(20) },
  {
    title: 'From the return of COMMIT to the arrival at the gateway, 500 events/s, ms',
    names: arrivals(500),
  },
  {
    title: "The application's transaction, ms",
    names: ['writer.client', 'writer'].flatMap((way) =>
      ['alone.p50', 'draining.p50', 'alone.p99', 'draining.p99'].map((figure) => `${way}.${figure}`),
    ),
  },
  {
    title: 'Start, recovery and a burst of 1,000, ms',
    names: [
      'start.node',
      'start.ready',
      'start.first',
      'start.new',
      'recovery.kill',
      'burst.first',
      'burst.last',
    ],
  },
];

/** Those of the long parts, whose figures depend on what was asked for. */
function longPanels({ measures }: BenchResult): readonly Panel[] {
  const panel = (title: string, wanted: RegExp): Panel => ({
    title,
    names: measures.map(({ name }) => name).filter((name) => wanted.test(name)),
  });
  return [
    panel('Flat in size: drain once warm, events per second', /^flat\.[^.]+\.rate$/),
    panel('Flat in size: CPU per event, us', /^flat\.[^.]+\.cpu$/),
    panel('Flat in size: arrival at 20 events/s, ms', /^flat\.[^.]+\.arrival\.p\d+$/),
    panel('Arrival while events are read back, ms', /^confirm\.(before|during)\./),
    panel('Arrival while old events are deleted, ms', /^prune\.(before|during)\./),
    panel('Slots, events per second', /^slots\..*\.rate$/),
  ];
}

/** A panel per question, a bar per contestant. */
function peerPanels({ peers }: BenchResult): readonly Panel[] {
  if (peers === undefined) return [];
  const labels = peers.entries.map(({ label }) => label);
  const panel = (figure: string, title: string): Panel => ({
    ...{ title, labels },
    names: peers.entries.map(({ name }) => `peers.${name}.${figure}`),
  });
  return [
    panel('drain', 'Drain, events per second'),
    panel('cpu-all', "CPU per event, us, with the database server's"),
    panel('arrival.p50', 'From the return of COMMIT to the arrival at the gateway, 20 events/s, p50, ms'),
    panel('arrival.p99', 'The same, p99, ms'),
    panel('kill', 'kill -9 to the next delivery, ms'),
    panel('stranded', 'Events that then wait for a lease'),
  ];
}

const width = 900;
const labelWidth = 300;
const valueWidth = 120;
const barHeight = 18;
const lineHeight = 26;
const titleHeight = 44;
const margin = 24;

/** The picture as the text of an SVG file. */
export function pictureSvg(result: BenchResult): string {
  const drawn: string[] = [];
  let top = margin + 34;
  for (const { title, names, labels } of [...panels, ...longPanels(result), ...peerPanels(result)]) {
    const figures = names.flatMap((name, index) =>
      result.measures
        .filter((measure) => measure.name === name)
        .map((measure) => ({ ...measure, label: labels?.[index] ?? measure.label })),
    );
    if (figures.length === 0) continue;
    drawn.push(panelSvg(title, figures, top));
    top += titleHeight + figures.length * lineHeight + 12;
  }
  const { cores, cpu, system } = result.machine;
  const about = `${result.date.slice(0, 10)}, commit ${result.commit ?? 'unknown'}, ${cores} cores, ${cpu}, ${system}, Node ${result.versions.node}`;
  const head = svgText({ x: margin, y: margin + 14, size: 12, colour: 'muted' }, about);
  const title = 'What a run of the benchmark measured';
  return svgDocument({ width, height: top + margin, title, body: [head, ...drawn] });
}

function panelSvg(title: string, figures: readonly Figure[], top: number): string {
  const most = Math.max(...figures.map(({ high }) => high), Number.MIN_VALUE);
  const room = width - 2 * margin - labelWidth - valueWidth;
  const at = (value: number) => margin + labelWidth + (Math.max(0, value) / most) * room;
  const rows = figures.map((measure, index) => {
    const { name, label, unit, median, low, high, runs } = measure;
    const y = top + titleHeight + index * lineHeight;
    const middle = y + barHeight / 2;
    const bar = { x: at(0), y, width: at(median) - at(0), height: barHeight };
    const spread = `<path d="M${at(low)} ${middle}H${at(high)}" class="stroke-ink" stroke-width="1.5"/>`;
    const value = { x: Math.max(at(high), at(0)) + 8, y: middle + 5, size: 13 };
    return [
      svgText({ x: margin, y: middle + 5, size: 13 }, label),
      svgBox(bar, { colour: colourOf(name) }),
      ...(runs < 2 ? [] : [spread]),
      svgText(value, figure(median, unit)),
    ].join('\n');
  });
  return [svgText({ x: margin, y: top + 24, size: 16, isBold: true }, title), ...rows].join('\n');
}

/** What is compared with is grey. */
function colourOf(name: string): Colour {
  return /limit|alone|before|node|^peers\.(?!ours\.)/.test(name) ? 'grey' : 'blue';
}
