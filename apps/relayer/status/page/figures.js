// The sentence on top and the six numbers below it.
import { bounded, clock, count, duration, rate } from './words.js';

/** @typedef {import('../moment.ts').Moment & { verdict: import('../verdict.ts').Verdict }} JudgedMoment */

/** @param {string} id @param {string} text */
export function setText(id, text) {
  const element = document.getElementById(id);
  if (element !== null && element.textContent !== text) element.textContent = text;
}

/** @param {{ level: string, title: string, advice: string }} verdict */
export function showVerdict({ level, title, advice }) {
  document.body.dataset.level = level;
  document.title = level === 'well' ? 'outbox' : `${level === 'trouble' ? '✖' : '▲'} ${title}`;
  setText('title', title);
  setText('advice', advice);
}

/** @param {JudgedMoment} moment */
export function showFigures(moment) {
  showVerdict(moment.verdict);
  setText('appended-rate', rate(moment.appendedRate));
  setText('accepted-rate', rate(moment.acceptedRate));
  setText('accepted-note', moment.leased > 0 ? `by Convoy, ${count(moment.leased)} in flight` : 'by Convoy');
  setText('pending', bounded(moment.pending));
  const { oldestPendingAtMs, gateway, dead } = moment;
  setText(
    'pending-note',
    oldestPendingAtMs === null
      ? 'nothing waits'
      : `oldest ${duration(Math.max(0, moment.atMs - oldestPendingAtMs))}`,
  );
  setText('gateway', gateway.state);
  setText('gateway-note', gateway.reason ?? `since ${clock(gateway.sinceMs)}`);
  mark('gateway-tile', gateway.reason === null ? (gateway.state === 'open' ? null : 'watch') : 'trouble');
  setText('p50', duration(moment.minuteP50Ms));
  setText('p99', duration(moment.minuteP99Ms));
  setText('dead', bounded(dead));
  setText('dead-note', dead.events === 0 ? 'none' : 'reasons below');
  mark('dead-tile', dead.events === 0 ? null : 'trouble');
}

/** @param {string} id @param {string | null} level */
function mark(id, level) {
  const element = document.getElementById(id);
  if (element === null) return;
  if (level === null) delete element.dataset.level;
  else element.dataset.level = level;
}
