// What the picture of a run is drawn with: bars of a histogram, ticks at instants, bands over spans, and dots, all of them in one
// field with the time from left to right. However much there is to draw, what falls on one spot is drawn once.
import { type Colour, short } from '../picture/svg.ts';
import type { Span } from './record.ts';

/** A field of the picture, in pixels. */
export interface Field {
  readonly left: number;
  readonly width: number;
  readonly top: number;
  readonly height: number;
  /** The time that the width stands for. */
  readonly lengthMs: number;
}

export function xOf({ left, width, lengthMs }: Field, atMs: number): number {
  return left + (Math.min(Math.max(atMs, 0), lengthMs) / lengthMs) * width;
}

interface Histogram {
  readonly values: readonly number[];
  readonly partMs: number;
  /** What the full height stands for. */
  readonly most: number;
}

/** An area under steps, one for each part. */
export function area(field: Field, histogram: Histogram, colour: Colour): string {
  const bottom = short(field.top + field.height);
  return `<path d="M${short(field.left)} ${bottom}${stepsOf(field, histogram)}V${bottom}Z" class="fill-${colour}" fill-opacity="0.75"/>`;
}

/** The steps without what is under them. */
export function outline(field: Field, histogram: Histogram, colour: Colour): string {
  const steps = stepsOf(field, histogram).replace('V', `M${short(field.left)} `);
  return `<path d="${steps}" class="stroke-${colour}" stroke-width="1.2"/>`;
}

function stepsOf(field: Field, { values, partMs, most }: Histogram): string {
  const yOf = (value: number) => short(field.top + field.height * (1 - Math.min(1, value / most)));
  return values.map((value, part) => `V${yOf(value)}H${short(xOf(field, (part + 1) * partMs))}`).join('');
}

/** A stroke at each instant; those that touch on the picture are one. */
export function ticks(field: Field, instants: readonly number[], colour: Colour): string {
  const spans = instants.map((atMs) => ({ fromMs: atMs, toMs: atMs }));
  return boxes(field, merged(field, { spans, narrowest: 1.5 }), { colour });
}

interface BandStyle {
  readonly colour: Colour;
  readonly opacity?: number;
}

/** A box over each span; those that touch on the picture are one. */
export function bands(field: Field, spans: readonly Span[], style: BandStyle): string {
  return boxes(field, merged(field, { spans, narrowest: 2 }), style);
}

/** From and to in pixels. */
type Stretch = readonly [from: number, to: number];

function boxes(
  { top, height }: Field,
  stretches: readonly Stretch[],
  { colour, opacity = 1 }: BandStyle,
): string {
  const outlines = stretches.map(
    ([from, to]) => `M${short(from)} ${top}H${short(to)}v${height}H${short(from)}Z`,
  );
  return `<path d="${outlines.join('')}" class="fill-${colour}" fill-opacity="${opacity}"/>`;
}

function merged(
  field: Field,
  { spans, narrowest }: { readonly spans: readonly Span[]; readonly narrowest: number },
): readonly Stretch[] {
  const stretches: [number, number][] = [];
  for (const { fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const from = xOf(field, fromMs);
    const to = Math.max(xOf(field, toMs), from + narrowest);
    const last = stretches.at(-1);
    if (last !== undefined && from < last[1] + 0.5) last[1] = Math.max(last[1], to);
    else stretches.push([from, to]);
  }
  return stretches;
}

interface Dot {
  readonly atMs: number;
  /** 0 at the bottom of the field, 1 at its top. */
  readonly share: number;
}

/** So many dots are drawn where they are; more are moved a little, so that many are one. */
const fewDots = 1_000;

/** A dot at each place. */
export function dots(
  field: Field,
  places: readonly Dot[],
  { colour, opacity = 1 }: { readonly colour: Colour; readonly opacity?: number },
): string {
  const grid = places.length > fewDots ? 8 : 1;
  const onGrid = (value: number) => grid * Math.round(value / grid);
  const spots = places.map(({ atMs, share }) => {
    const y = field.top + field.height * (1 - Math.min(Math.max(share, 0), 1));
    return `M${onGrid(xOf(field, atMs))} ${onGrid(y)}h0`;
  });
  return `<path d="${[...new Set(spots)].join('')}" class="stroke-${colour}" stroke-width="5" stroke-linecap="round" stroke-opacity="${opacity}"/>`;
}
