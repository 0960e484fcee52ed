// The cards below the charts: dead and waiting events, relayers, recoveries, the record.
import { command, element, fill, table } from './tables.js';
import { clock, count, duration, instant, plural } from './words.js';

/** @typedef {import('../chronicle.ts').Chronicle} Chronicle */
/** @typedef {import('./tables.js').Cell} Cell */

/** @param {Chronicle} chronicle @param {string} redriveCommand */
export function showLists(chronicle, redriveCommand) {
  showDead(chronicle, redriveCommand);
  showStarts(chronicle);
  showRecord(chronicle);
}

/** @param {Chronicle} chronicle @param {string} redriveCommand */
function showDead({ dead }, redriveCommand) {
  if (dead.length === 0)
    return fill(
      'dead-list',
      element('p', 'None. An event is dead when it can never be delivered as it is.', 'empty'),
    );
  const rows = dead.map(
    ({ reason, events, exampleId }) =>
      /** @type {Cell[]} */ ([
        [count(events), { number: true, tight: true }],
        reason,
        [`…${exampleId.slice(-12)}`, { tight: true, soft: true, isExtra: true, title: exampleId }],
      ]),
  );
  fill(
    'dead-list',
    table([['events', { number: true }], 'reason', ['such as', { isExtra: true }]], rows),
    element('p', 'Mend the cause, then send them again:', 'empty'),
    command(redriveCommand),
  );
}

/** @type {Readonly<Record<string, string>>} */
const waitingFor = {
  gateway: 'for Convoy to take events again',
  endpoint: 'for an endpoint: their business has none',
  retry: 'for their next try: they failed by their own fault',
  evidence: 'for their next try: it may be their own fault',
  scheduled: 'for the instant that the application gave them',
};

/** @param {readonly { reason: string, events: number }[]} waiting */
export function showWaiting(waiting) {
  const card = document.getElementById('waiting-card');
  if (card !== null) card.hidden = waiting.length === 0;
  const rows = waiting.map(
    ({ reason, events }) =>
      /** @type {Cell[]} */ ([
        [`${count(events)}${events === 500 ? '+' : ''}`, { number: true, tight: true }],
        waitingFor[reason] ?? reason,
      ]),
  );
  if (rows.length > 0) fill('waiting-list', table([['events', { number: true }], 'they wait'], rows));
}

/** @param {Chronicle} chronicle @param {number} now */
export function showRelayers({ relayers }, now) {
  const rows = relayers.map(
    ({ slot, pid, startedAtMs, stoppedAtMs, starts, isAlive }) =>
      /** @type {Cell[]} */ ([
        slot,
        isAlive
          ? ['running', { level: 'well' }]
          : stoppedAtMs === null
            ? ['dead', { level: 'trouble' }]
            : ['stopped', { level: 'calm' }],
        String(pid ?? '–'),
        [
          isAlive ? duration(Math.max(0, now - startedAtMs)) : `until ${instant(stoppedAtMs ?? startedAtMs)}`,
          { number: true },
        ],
        [count(starts), { number: true }],
      ]),
  );
  fill(
    'relayer-list',
    table(['slot', 'state', 'process', ['up', { number: true }], ['starts', { number: true }]], rows),
  );
}

/** @param {Chronicle} chronicle */
function showStarts({ starts }) {
  if (starts.length === 0) return fill('start-list', element('p', 'No start is on record.', 'empty'));
  const causes = /** @type {const} */ ({
    first: ['started', 'calm'],
    stop: ['after a stop', 'calm'],
    death: ['after a kill', 'watch'],
  });
  const rows = starts.slice(0, 8).map(({ atMs, slot, cause, tookOver, backAfterMs, silenceMs }) => {
    const [word, level] = causes[cause];
    return /** @type {Cell[]} */ ([
      [clock(atMs), { tight: true, soft: true, title: instant(atMs) }],
      [slot, { isExtra: true }],
      [word, { level }],
      [
        tookOver === 0 ? '–' : plural(tookOver),
        { number: true, isExtra: true, title: 'held by the dead relayer, free at once' },
      ],
      [duration(backAfterMs), { number: true, title: 'from this start to the next acceptance' }],
      [
        cause === 'first' ? '–' : duration(silenceMs),
        { number: true, title: 'from the last acceptance before it to the next one' },
      ],
    ]);
  });
  fill(
    'start-list',
    table(
      [
        'at',
        ['slot', { isExtra: true }],
        'cause',
        ['took over', { number: true, isExtra: true }],
        ['back in', { number: true }],
        ['silence', { number: true }],
      ],
      rows,
    ),
  );
}

/** @param {Chronicle} chronicle */
function showRecord({ lines }) {
  const items = lines.map(({ atMs, level, text }) => {
    const item = document.createElement('li');
    item.dataset.level = level;
    const time = /** @type {HTMLTimeElement} */ (element('time', clock(atMs)));
    time.dateTime = new Date(atMs).toISOString();
    time.title = instant(atMs);
    item.append(time, element('span', text));
    return item;
  });
  fill('record', ...items);
}
