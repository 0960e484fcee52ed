// The picture that a run of chaos leaves in a file, and the course of the run that it draws, from evidence made up for the purpose.
import { expect, test } from 'vitest';
import type { Evidence } from '../scripts/chaos/evidence.ts';
import type { RecordLine } from '../scripts/chaos/record.ts';
import type { ChaosResult } from '../scripts/chaos/result.ts';
import { runPictureSvg } from '../scripts/chaos/run-picture.ts';
import { type Timeline, timelineOf } from '../scripts/chaos/timeline.ts';
import { roundTicks, timeTicks } from '../scripts/picture/axis.ts';
import { accepted, evidence, kill, relayer } from './chaos-evidence.ts';

function committed(key: string, createdAtMs: number): Evidence['events'] {
  const event = { owner: 'o', type: 't', status: 'processed', isLeased: false, lastError: null };
  return new Map([[key, { ...event, key, invoiceId: key, sha256: '', createdAtMs }]]);
}

function courseOf(record: readonly RecordLine[], given: Partial<Evidence>, ...acceptances: string[]) {
  const lines = acceptances.map((text) => {
    const [key = '', atMs] = text.split('@');
    return accepted(key, Number(atMs));
  });
  const timeline = timelineOf(evidence(record, given, ...lines));
  if (timeline === null) throw new Error('no timeline');
  return timeline;
}

test('the course of a run counts commits, first acceptances and what waits between them, from its beginning on', () => {
  const events = new Map([...committed('a', 1_000), ...committed('b', 1_100), ...committed('c', 2_100)]);
  const course = courseOf([kill(2_200, [])], { events }, 'a@1200', 'b@2300', 'a@2350', 'c@2400');
  expect(course).toMatchObject({ lengthMs: 1_400, partMs: 500, committed: [2, 0, 1], accepted: [1, 0, 2] });
  expect(course.waiting).toEqual([2, 1, 2]);
  expect(course.kills).toEqual({ relayer: [1_200], ingester: [], sandbox: [], PM2: [] });
});

test('poison never waits, and a run in which nothing was accepted has no course', () => {
  const events = new Map([...committed('a', 0), ...committed('bad', 0)]);
  const poison: RecordLine = { kind: 'poison', id: 'bad', what: 'a lone surrogate' };
  expect(courseOf([poison], { events }, 'a@900').waiting).toEqual([1, 1]);
  expect(timelineOf(evidence([], { events }))).toBeNull();
});

test('a recovery stands where its relayer was killed, and tells whether anything else was in its way', () => {
  const given = { takeovers: [{ atMs: 150, slot: '00', events: 1 }] };
  const alone = [kill(100, ['a'])];
  const another = { ...kill(160, [], { ...relayer, pid: 12 }), estate: null } as RecordLine;
  expect(courseOf(alone, given, 'b@50', 'a@400').redelivered).toEqual([
    { atMs: 50, tookMs: 300, isFree: true },
  ]);
  expect(courseOf([...alone, another], given, 'b@50', 'a@400').redelivered).toMatchObject([
    { isFree: false },
  ]);
});

const course: Timeline = {
  ...{ lengthMs: 60_000, partMs: 500, waiting: [5, 0], committed: [4, 4], accepted: [1, 7] },
  kills: { relayer: [1_000], ingester: [], sandbox: [2_000], PM2: [] },
  ...{ storms: [{ fromMs: 900, toMs: 1_500 }], healed: [{ fromMs: 50_000, toMs: 55_000 }] },
  ...{ asleep: [], stalls: [], database: [], badWeather: [], politeStops: [] },
  ...{ redelivered: [{ atMs: 1_000, tookMs: 450, isFree: true }], restarted: [] },
};

function resultWith(given: Partial<ChaosResult>): ChaosResult {
  return {
    ...{
      date: '2026-01-01T00:00:00.000Z',
      commit: 'abc',
      node: '20',
      command: 'npm run chaos',
      isHeld: true,
    },
    machine: { cpu: 'C', cores: 2, memoryGb: 4, system: 's', loadBefore: 1 },
    settings: {
      seed: 1,
      durationMs: 1,
      kills: 2,
      relayers: 2,
      soak: false,
      forget: false,
      database: 'sqlite',
    },
    ...{ broken: [], series: [], timeline: course },
    totals: {
      ...{ committed: 8, accepted: 8, lost: 0, dead: 0, poison: 0, repeats: 1, repeatsBy: { nothing: 0 } },
      kills: { ingester: 0, relayer: 1, sandbox: 1, PM2: 0 },
      ...{ killsWhileStarting: 0, killsInStorms: 1, storms: 1, naps: 0, stalls: 0, stops: 0, fenced: 0 },
      database: {},
      ...{ faults: {}, healingsMs: [5_000] },
      recovery: {
        ...{ accepted: { timesMs: [], of: 0 }, redelivered: { timesMs: [], of: 0 } },
        ...{ redeliveredAnyhow: { timesMs: [], of: 0 }, up: { timesMs: [], of: 0 } },
        server: { timesMs: [], of: 0 },
        serverCommit: { timesMs: [], of: 0 },
        pm2: { timesMs: [], of: 0 },
      },
    },
    ...given,
  };
}

test('a picture says the verdict, draws what happened, and leaves out what did not', () => {
  const svg = runPictureSvg(resultWith({}));
  for (const text of [
    'HELD',
    '2 kills, and no event was lost',
    'kill -9 relayer',
    'storm',
    'healed',
    '60 s',
  ]) {
    expect(svg).toContain(`>${text}</text>`);
  }
  expect(svg).not.toMatch(/kill -9 ingester|relayer asleep|NaN|undefined|Infinity/);
  expect(svg).toContain('@media (prefers-color-scheme: dark)');
  expect(svg).not.toMatch(/<script|href|url\(/);
});

test('names of storms and healings run neither into each other nor out of the picture', () => {
  const storms = [0, 20_000, 56_500].map((fromMs) => ({ fromMs, toMs: fromMs + 1_500 }));
  const healed = [1_500, 21_500, 58_000].map((fromMs) => ({ fromMs, toMs: fromMs + 2_000 }));
  const svg = runPictureSvg(resultWith({ timeline: { ...course, storms, healed } }));
  const labels = [...svg.matchAll(/<text x="([\d.]+)" [^>]*>(storm|healed)<\/text>/g)].map(
    ([, x, text = '']) => ({ x: Number(x), half: text.length * 3.4, text }),
  );
  expect(new Set(labels.map(({ text }) => text))).toEqual(new Set(['storm', 'healed']));
  expect(labels).toHaveLength(3);
  const inOrder = labels.toSorted((a, b) => a.x - b.x);
  for (const [nth, { x, half }] of inOrder.entries()) {
    const before = inOrder[nth - 1];
    expect(x - half).toBeGreaterThanOrEqual(before === undefined ? 0 : before.x + before.half);
    expect(x + half).toBeLessThanOrEqual(1_000 - 24);
  }
});

test('a picture of a broken run names what was broken', () => {
  const broken = [{ name: 'all <committed>', promise: '', count: 3, example: '' }];
  const svg = runPictureSvg(resultWith({ isHeld: false, broken }));
  expect(svg).toMatch(/>BROKEN<.*all &lt;committed&gt; \(3\)</s);
  expect(svg).not.toContain('no event was lost');
  expect(runPictureSvg(resultWith({ timeline: null }))).toMatch(/^<svg.*HELD.*<\/svg>\n$/s);
});

test('however much happens, a picture stays below 100 KB', () => {
  const instants = Array.from({ length: 50_000 }, (_, nth) => nth * 1.2);
  const spans = instants.map((atMs) => ({ fromMs: atMs, toMs: atMs + (atMs % 7) }));
  const moments = instants.map((atMs, nth) => ({ atMs, tookMs: 10 ** (1 + (nth % 41) / 10), isFree: true }));
  const parts = Array.from({ length: 280 }, (_, nth) => 1_234.567 * ((nth * 7) % 11));
  const svg = runPictureSvg(
    resultWith({
      timeline: {
        ...{ lengthMs: 60_000, partMs: 60_000 / 280, waiting: parts, committed: parts, accepted: parts },
        kills: { relayer: instants, ingester: instants, sandbox: instants, PM2: instants },
        ...{ storms: spans, healed: spans, asleep: spans, stalls: spans, database: spans, badWeather: spans },
        ...{ politeStops: spans, redelivered: moments, restarted: moments },
      },
    }),
  );
  expect(Buffer.byteLength(svg)).toBeLessThan(100_000);
});

test('axes have round numbers', () => {
  expect(roundTicks(37, 3)).toEqual([0, 20, 40]);
  expect(roundTicks(150, 3)).toEqual([0, 50, 100, 150]);
  expect(roundTicks(0, 3)).toHaveLength(2);
  expect(timeTicks(95_000).map(({ text }) => text)).toEqual([
    '0',
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${n}0 s`),
  ]);
  expect(timeTicks(7 * 86_400_000).at(-1)).toEqual({ atMs: 7 * 86_400_000, text: '7 d' });
});
