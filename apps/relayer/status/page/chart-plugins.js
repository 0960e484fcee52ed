// What is drawn around the lines of the charts: the gateway's pauses as bands, starts of relayers as lines, and the values under the
// pointer. The scenery is one for all charts.
import { clock } from './words.js';

/** @typedef {{ from: number, to: number }} Band seconds */
/** @typedef {{ at: number, isDeath: boolean }} Mark seconds */
/** @typedef {{ name: string, colour: string, fill?: boolean }} Line */

/** @type {{ bands: Band[], marks: Mark[] }} */
const scenery = { bands: [], marks: [] };

/** @param {typeof scenery} next */
export function setScenery(next) {
  Object.assign(scenery, next);
}

/** @param {string} name of a custom property */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @returns {import('./uplot.js').Plugin} */
export function sceneryPlugin() {
  return {
    hooks: {
      drawClear: (chart) => {
        const { ctx, bbox } = chart;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        ctx.fillStyle = colour('pause');
        for (const { from, to } of scenery.bands) {
          const left = chart.valToPos(from, 'x', true);
          ctx.fillRect(left, bbox.top, Math.max(2, chart.valToPos(to, 'x', true) - left), bbox.height);
        }
        for (const { at, isDeath } of scenery.marks) {
          ctx.fillStyle = colour(isDeath ? 'trouble' : 'start');
          ctx.fillRect(
            Math.round(chart.valToPos(at, 'x', true)),
            bbox.top,
            1.5 * devicePixelRatio,
            bbox.height,
          );
        }
        ctx.restore();
      },
    },
  };
}

/** @param {Line[]} lines @param {(value: number) => string} unit @returns {import('./uplot.js').Plugin} */
export function tipPlugin(lines, unit) {
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  return {
    hooks: {
      init: (chart) => void chart.over.append(tip),
      setCursor: (chart) => {
        const { idx, left = -1 } = chart.cursor;
        tip.hidden = left < 0 || idx === null || idx === undefined;
        if (tip.hidden || idx === null || idx === undefined) return;
        const values = lines.map(({ name }, index) => {
          const value = chart.data[index + 1]?.[idx];
          return `${name}  ${value === null || value === undefined ? '–' : unit(value)}`;
        });
        tip.textContent = [clock((chart.data[0][idx] ?? 0) * 1_000), ...values].join('\n');
        const isRight = left > chart.over.clientWidth / 2;
        tip.style.left = isRight ? '' : `${left + 10}px`;
        tip.style.right = isRight ? `${chart.over.clientWidth - left + 10}px` : '';
      },
    },
  };
}
