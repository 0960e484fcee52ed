// The gateway's card: its state now, an hour of its pauses as a picture, and the latest of them with their reasons.
import { element, fill, table } from './tables.js';
import { duration, instant } from './words.js';

/** @typedef {import('../chronicle.ts').Chronicle} Chronicle */
/** @typedef {import('./tables.js').Cell} Cell */

const trackMinutes = 60;

/** @param {Chronicle} chronicle @param {import('../meters.ts').GatewayView} gateway @param {number} now */
export function showGateway({ pauses }, gateway, now) {
  const open = gateway.reason === null;
  const state = element(
    'span',
    open
      ? `${gateway.state} since ${instant(gateway.sinceMs)}`
      : `closed for ${duration(Math.max(0, now - gateway.sinceMs))}: ${gateway.reason}`,
    'pill',
  );
  state.dataset.level = open ? 'well' : 'trouble';
  const ends = element('div', '', 'ends');
  ends.append(element('span', `${trackMinutes} min ago`), element('span', 'now'));
  const rows = pauses
    .slice(0, 8)
    .map(
      ({ fromMs, toMs, reason }) =>
        /** @type {Cell[]} */ ([
          [instant(fromMs), { tight: true, soft: true }],
          [toMs === null ? 'lasts' : duration(toMs - fromMs), { tight: true, number: true }],
          reason,
        ]),
    );
  const told =
    rows.length === 0
      ? element('p', 'It was never closed, as far as the record goes.', 'empty')
      : table(['closed', ['for', { number: true }], 'reason'], rows);
  fill('gateway-list', state, track(pauses, now), ends, told);
}

/** @param {Chronicle['pauses']} pauses @param {number} now */
function track(pauses, now) {
  const svg = 'http://www.w3.org/2000/svg';
  const box = element('div', '', 'track');
  const picture = document.createElementNS(svg, 'svg');
  const spanMs = trackMinutes * 60_000;
  picture.setAttribute('viewBox', '0 0 1000 10');
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', 'when the gateway was closed within the last hour');
  for (const { fromMs, toMs } of pauses) {
    const from = Math.max(0, 1_000 - ((now - fromMs) / spanMs) * 1_000);
    const to = toMs === null ? 1_000 : 1_000 - ((now - toMs) / spanMs) * 1_000;
    if (to <= 0) continue;
    const bar = document.createElementNS(svg, 'rect');
    bar.setAttribute('x', String(from));
    bar.setAttribute('width', String(Math.max(3, to - from)));
    bar.setAttribute('height', '10');
    picture.append(bar);
  }
  box.append(picture);
  return box;
}
