// Three charts on one time axis, with the gateway's pauses as bands and the starts of relayers as lines. It draws what the history
// holds; it keeps nothing.

import { colour, sceneryPlugin, tipPlugin } from './chart-plugins.js';
import uPlot from './uplot.js';
import { clock, count, duration } from './words.js';

/** @typedef {import('./history.js').History} History */
/** @typedef {import('./chart-plugins.js').Line} Line */

const dark = matchMedia('(prefers-color-scheme: dark)');

/** @param {History} history */
export function createCharts(history) {
  /** @type {uPlot[]} */
  let charts = [];
  let minutes = 5;

  const draw = () => {
    for (const chart of charts) chart.destroy();
    charts = [
      chart(
        'chart-rates',
        [
          { name: 'committed', colour: 'in', fill: true },
          { name: 'accepted', colour: 'out' },
        ],
        { unit: (value) => `${count(value)}/s` },
      ),
      chart('chart-pending', [{ name: 'pending', colour: 'backlog', fill: true }], { unit: count }),
      chart(
        'chart-latency',
        [
          { name: 'p99', colour: 'p99' },
          { name: 'p50', colour: 'p50' },
        ],
        { unit: duration, isLogarithmic: true },
      ),
    ];
    update();
  };

  const update = () => {
    const now = history.times.at(-1) ?? 0;
    const x = { min: now - minutes * 60, max: now };
    const { times, appended, accepted, pending, p50, p99 } = history;
    const columns = [
      [times, appended, accepted],
      [times, pending],
      [times, atLeastOne(p99), atLeastOne(p50)],
    ];
    charts.forEach((chart, index) => {
      chart.batch(() => {
        chart.setData(/** @type {any} */ (columns[index]), false);
        chart.setScale('x', x);
      });
    });
  };

  draw();
  dark.addEventListener('change', draw);
  new ResizeObserver(() => {
    for (const chart of charts) chart.setSize(sizeOf(chart.root.parentElement));
  }).observe(document.body);
  return {
    update,
    /** @param {number} chosen */
    show(chosen) {
      minutes = chosen;
      update();
    },
  };
}

/** A latency of 0 ms has no place on a logarithmic axis. @param {(number | null)[]} values */
const atLeastOne = (values) => values.map((value) => (value === null ? null : Math.max(1, value)));

/** @param {Element | null} element */
function sizeOf(element) {
  const { width, height } = element?.getBoundingClientRect() ?? { width: 300, height: 170 };
  return { width: Math.max(120, Math.floor(width)), height: Math.max(80, Math.floor(height)) };
}

/**
 * @param {string} id
 * @param {Line[]} lines
 * @param {{ unit: (value: number) => string, isLogarithmic?: boolean }} options
 */
function chart(id, lines, { unit, isLogarithmic = false }) {
  const element = /** @type {HTMLElement} */ (document.getElementById(id));
  const axis = { stroke: colour('soft'), font: '11px system-ui, sans-serif', ticks: { show: false } };
  const grid = { stroke: colour('grid'), width: 1 };
  return new uPlot(
    {
      ...sizeOf(element),
      padding: [8, 16, 0, 0],
      cursor: { sync: { key: 'time' }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      legend: { show: false },
      scales: {
        x: { time: true },
        y: isLogarithmic
          ? { distr: 3, range: (_, min, max) => logarithmicRange(min, max) }
          : { range: (_, __, max) => [0, Math.max(1, max ?? 0) * 1.12] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 54,
          size: 22,
          values: (_, splits) => splits.map((at) => clock(at * 1_000).slice(0, 5)),
        },
        {
          ...axis,
          grid,
          ...(isLogarithmic ? { splits: (_, __, min, max) => decades(min, max) } : {}),
          size: 52,
          space: 34,
          values: (_, splits) => splits.map((value) => (value === null ? null : unit(value))),
        },
      ],
      series: [
        {},
        ...lines.map(({ name, colour: stroke, fill }) => ({
          label: name,
          stroke: colour(stroke),
          width: 1.75,
          ...(fill ? { fill: `${colour(stroke)}1f` } : {}),
          points: { show: false },
          spanGaps: true,
        })),
      ],
      plugins: [sceneryPlugin(), tipPlugin(lines, unit)],
    },
    /** @type {any} */ ([[], ...lines.map(() => [])]),
    element,
  );
}

/** Whole decades at least one apart. @param {number | null} min @param {number | null} max @returns {[number, number]} */
function logarithmicRange(min, max) {
  const low = 10 ** Math.floor(Math.log10(Math.max(1, min ?? 1)));
  return [low, Math.max(low * 10, 10 ** Math.ceil(Math.log10(Math.max(1, max ?? 10))))];
}

/** @param {number} min @param {number} max @returns {number[]} */
function decades(min, max) {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}
