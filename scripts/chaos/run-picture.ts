// The picture of a run as an SVG file: above what was done to it, below what became of that, all on one axis of time; storms and
// healings stand behind everything. Pure; it draws only what the result holds.
import { timeTicks } from '../picture/axis.ts';
import { svgDocument, svgText } from '../picture/svg.ts';
import { bands, type Field, xOf } from './plot.ts';
import type { ChaosResult } from './result.ts';
import { roomyLabels } from './roomy-labels.ts';
import { headSvg } from './run-picture-head.ts';
import { left, margin, panelsOf } from './run-picture-panels.ts';
import type { Timeline } from './timeline.ts';

const width = 1_000;
const headHeight = 150;
const panelGap = 22;
const labelSize = 11;

/** The text of the file; without a course of the run only its head. */
export function runPictureSvg(result: ChaosResult): string {
  const { timeline } = result;
  const head = headSvg(result, { width, margin });
  const title = `A run of chaos: ${result.isHeld ? 'every invariant held' : 'an invariant was broken'}`;
  if (timeline === null) return svgDocument({ width, height: headHeight, title, body: head });
  const drawn: string[] = [];
  let top = headHeight + 16;
  for (const { height, draw } of panelsOf(timeline)) {
    const field = { left, width: width - left - margin, top, height, lengthMs: timeline.lengthMs };
    drawn.push(...draw(field));
    top += height + panelGap;
  }
  const all = { left, width: width - left - margin, top: headHeight, lengthMs: timeline.lengthMs };
  const field = { ...all, height: top - panelGap - headHeight };
  return svgDocument({
    ...{ width, title, height: top + 24 },
    body: [...head, ...backdrop(timeline, field), ...drawn, ...timeAxis(field)],
  });
}

/** Storms and healings, over the whole height, with their names above as far as there is room. */
function backdrop({ storms, healed }: Timeline, field: Field): readonly string[] {
  const labels = [
    ...storms.map((span) => ({ ...span, text: 'storm' })),
    ...healed.map((span) => ({ ...span, text: 'healed' })),
  ];
  const style = { y: field.top - 4, size: labelSize, colour: 'muted', anchor: 'middle' } as const;
  return [
    bands(field, storms, { colour: 'red', opacity: 0.1 }),
    bands(field, healed, { colour: 'green', opacity: 0.16 }),
    ...roomyLabels(field, labels).map(({ x, text }) => svgText({ ...style, x }, text)),
  ];
}

function timeAxis(field: Field): readonly string[] {
  const bottom = field.top + field.height;
  return timeTicks(field.lengthMs).flatMap(({ atMs, text }) => {
    const x = xOf(field, atMs);
    return [
      `<path d="M${x.toFixed(1)} ${bottom}v5" class="stroke-muted"/>`,
      svgText({ x, y: bottom + 20, size: 11, colour: 'muted', anchor: 'middle' }, text),
    ];
  });
}
