// The panels of a run's picture: lanes of what was done to the processes, and charts of what became of it, each with its name and
// legend at its left. Pure.
import { roundTicks } from '../picture/axis.ts';
import { type Colour, svgBox, svgText } from '../picture/svg.ts';
import { area, bands, dots, type Field, outline, ticks } from './plot.ts';
import type { Timeline } from './timeline.ts';

export const margin = 24;
/** Where names end and the time begins. */
export const left = 205;
const laneHeight = 16;

/** A part of the picture that is as wide as all others. */
export interface Panel {
  readonly height: number;
  readonly draw: (field: Field) => readonly string[];
}

/** From top to bottom; what there is nothing of is left out. */
export function panelsOf(timeline: Timeline): readonly Panel[] {
  const lanes = lanesOf(timeline);
  const { redelivered, restarted } = timeline;
  return [
    ...(lanes.length === 0 ? [] : [lanePanel(lanes)]),
    flowPanel(timeline),
    waitingPanel(timeline),
    ...(redelivered.length + restarted.length === 0 ? [] : [recoveryPanel(timeline)]),
  ];
}

type Lane = readonly [name: string, draw: (field: Field) => readonly string[]];

/** What happened to the processes, and when; what never happened has no lane. */
function lanesOf(timeline: Timeline): readonly Lane[] {
  const { kills, politeStops, asleep, stalls, database, badWeather } = timeline;
  const killed = (['relayer', 'ingester', 'sandbox', 'PM2'] as const).flatMap((target): Lane[] =>
    kills[target].length === 0
      ? []
      : [[`kill -9 ${target}`, (field) => [ticks(field, kills[target], 'red')]]],
  );
  const others = (
    [
      ['relayer told to stop', politeStops, 'muted'],
      ['relayer asleep', asleep, 'violet'],
      ['database hit or away', database, 'red'],
      ['gateway stands still', stalls, 'orange'],
      ['bad weather at gateway', badWeather, 'orange'],
    ] as const
  ).flatMap(([name, spans, colour]): Lane[] =>
    spans.length === 0 ? [] : [[name, (field) => [bands(field, spans, { colour, opacity: 0.85 })]]],
  );
  return [...killed, ...others];
}

function lanePanel(lanes: readonly Lane[]): Panel {
  return {
    height: lanes.length * (laneHeight + 5) - 5,
    draw: (field) =>
      lanes.flatMap(([name, draw], index) => {
        const top = field.top + index * (laneHeight + 5);
        const label = { x: margin, y: top + laneHeight - 3.5, size: 12 };
        return [svgText(label, name), ...draw({ ...field, top, height: laneHeight })];
      }),
  };
}

function flowPanel({ accepted, committed, partMs }: Timeline): Panel {
  const perSecond = (values: readonly number[]) => values.map((value) => (value / partMs) * 1_000);
  const [came, went] = [perSecond(committed), perSecond(accepted)];
  return {
    height: 96,
    draw: (field) => {
      const { most, grid } = scaleOf(field, Math.max(...came, ...went));
      return [
        ...nameOf(field, 'Events per second', [
          { text: 'accepted', colour: 'blue', opacity: 0.75 },
          { text: 'committed', colour: 'ink' },
        ]),
        ...grid,
        area(field, { values: went, partMs, most }, 'blue'),
        outline(field, { values: came, partMs, most }, 'ink'),
      ];
    },
  };
}

function waitingPanel({ waiting, partMs }: Timeline): Panel {
  return {
    height: 96,
    draw: (field) => {
      const { most, grid } = scaleOf(field, Math.max(...waiting));
      return [
        ...nameOf(field, 'Backlog', [
          { text: 'committed and', colour: 'orange', opacity: 0.75 },
          { text: 'not yet accepted' },
        ]),
        ...grid,
        area(field, { values: waiting, partMs, most }, 'orange'),
      ];
    },
  };
}

/** From 10 ms to 100 s, each step ten times the one before. */
const decades = ['10 ms', '100 ms', '1 s', '10 s', '100 s'] as const;

function recoveryPanel({ redelivered, restarted }: Timeline): Panel {
  const place = ({ atMs, tookMs }: { readonly atMs: number; readonly tookMs: number }) => ({
    atMs,
    share: (Math.log10(Math.max(tookMs, 1)) - 1) / (decades.length - 1),
  });
  const free = redelivered.filter(({ isFree }) => isFree);
  const hindered = redelivered.filter(({ isFree }) => !isFree);
  return {
    height: 120,
    draw: (field) => [
      ...nameOf(field, 'Recovery', [
        { text: 'kill -9 of a relayer until' },
        { text: 'it runs again', colour: 'grey' },
        { text: 'its event is accepted', colour: 'blue' },
        { text: 'the same, hindered by', colour: 'blue', opacity: 0.35 },
        { text: 'other trouble' },
      ]),
      ...decades.flatMap((text, nth) => gridLine(field, { share: nth / (decades.length - 1), text })),
      dots(field, restarted.map(place), { colour: 'grey', opacity: 0.7 }),
      dots(field, hindered.map(place), { colour: 'blue', opacity: 0.35 }),
      dots(field, free.map(place), { colour: 'blue' }),
    ],
  };
}

/** A line of a panel's legend. Without a colour it is just said. */
interface Legend {
  readonly text: string;
  readonly colour?: Colour;
  readonly opacity?: number;
}

function nameOf({ top }: Field, name: string, legends: readonly Legend[]): readonly string[] {
  return [
    svgText({ x: margin, y: top + 10, size: 13, isBold: true }, name),
    ...legends.flatMap(({ text, colour, opacity = 1 }, index) => {
      const y = top + 28 + index * 15;
      const swatch = { x: margin, y: y - 8, width: 9, height: 9 };
      const words = { x: margin + (colour === undefined ? 0 : 15), y, size: 11, colour: 'muted' } as const;
      return [...(colour === undefined ? [] : [svgBox(swatch, { colour, opacity })]), svgText(words, text)];
    }),
  ];
}

/** What the full height stands for, and the lines across at round values. */
function scaleOf(field: Field, highest: number): { readonly most: number; readonly grid: readonly string[] } {
  const values = roundTicks(Math.max(highest, 1), 3);
  const most = values.at(-1) ?? 1;
  const grid = values.flatMap((value) =>
    gridLine(field, { share: value / most, text: value.toLocaleString('en-US') }),
  );
  return { most, grid };
}

function gridLine(
  field: Field,
  { share, text }: { readonly share: number; readonly text: string },
): readonly string[] {
  const y = field.top + field.height * (1 - share);
  return [
    `<path d="M${field.left} ${y}h${field.width}" class="stroke-line"/>`,
    svgText({ x: left - 8, y: y + 4, size: 11, colour: 'muted', anchor: 'end' }, text),
  ];
}
