// The page: takes what the relayer sends each second and hands it to those who show it. It asks for nothing else and changes nothing.
import { setScenery } from './chart-plugins.js';
import { createCharts } from './charts.js';
import { setText, showFigures, showVerdict } from './figures.js';
import { showGateway } from './gateway-card.js';
import { History } from './history.js';
import { showLists, showRelayers, showWaiting } from './lists.js';
import { listen } from './stream.js';
import { size } from './words.js';

/** @typedef {import('../chronicle.ts').Chronicle} Chronicle */
/** @typedef {import('./figures.js').JudgedMoment} JudgedMoment */

const history = new History();
const charts = createCharts(history);
/** @type {Chronicle | null} */
let chronicle = null;
/** The relayer's clock, at the latest moment: that of this machine may differ. */
let nowMs = 0;
let database = '';
let redriveCommand = '';
let about = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let lostTimer;

listen(
  {
    about(data) {
      // Another outbox's relayer has the port now: what was seen so far is not its history.
      if (database !== '' && database !== data.database) location.reload();
      database = data.database;
      redriveCommand = data.redriveCommand;
      setText('database', database);
      about = `Served by relayer ${data.relayer}, process ${data.pid}, ${data.concurrency} slots, to ${data.gateway}`;
    },
    past(intervals) {
      history.addPast(intervals);
      charts.update();
    },
    /** @param {Chronicle} data */
    chronicle(data) {
      chronicle = data;
      showLists(data, redriveCommand);
      showChronicle();
    },
    /** @param {JudgedMoment} moment */
    moment(moment) {
      nowMs = moment.atMs;
      history.add(moment);
      showFigures(moment);
      showWaiting(moment.waiting);
      if (chronicle !== null) showGateway(chronicle, moment.gateway, nowMs);
      showChronicle();
      charts.update();
      const log = moment.walBytes === null ? '' : ` Write-ahead log ${size(moment.walBytes)}.`;
      setText('about', `${about}.${log} Metrics for Prometheus: /metrics.`);
    },
    blind() {
      showVerdict({
        level: 'trouble',
        title: 'The database cannot be read',
        advice: 'The relayer says why in its log. It tries again each second.',
      });
    },
  },
  (link) => {
    document.body.dataset.link = link;
    setText('link-text', link === 'live' ? 'live' : 'reconnecting');
    if (link === 'live') {
      clearTimeout(lostTimer);
      lostTimer = undefined;
    } else {
      lostTimer ??= setTimeout(showLost, 3_000);
    }
  },
);

function showLost() {
  showVerdict({
    level: 'trouble',
    title: 'No relayer answers',
    advice: 'This page comes back by itself as soon as one runs. If none does: pm2 status, pm2 logs relayer.',
  });
}

/** What of it moves with time. */
function showChronicle() {
  if (chronicle === null || nowMs === 0) return;
  showRelayers(chronicle, nowMs);
  const { pauses, starts } = chronicle;
  setScenery({
    bands: pauses.map(({ fromMs, toMs }) => ({ from: fromMs / 1_000, to: (toMs ?? nowMs) / 1_000 })),
    marks: starts.map(({ atMs, cause }) => ({ at: atMs / 1_000, isDeath: cause === 'death' })),
  });
}

for (const button of document.querySelectorAll('#ranges button')) {
  button.addEventListener('click', () => {
    for (const other of document.querySelectorAll('#ranges button'))
      other.setAttribute('aria-pressed', String(other === button));
    charts.show(Number(/** @type {HTMLElement} */ (button).dataset.minutes));
  });
}
