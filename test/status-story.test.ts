// What the live page makes of records and numbers: lives, deaths, pauses, and charts without holes.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../apps/outbox/clock.ts';
import type { NumberedRecord } from '../apps/outbox/live-verbs.ts';
import type { Moment } from '../apps/relayer/status/moment.ts';
import { type PastInterval, pastOf } from '../apps/relayer/status/past.ts';
import { quantile } from '../apps/relayer/status/quantile.ts';
import { recordLine } from '../apps/relayer/status/record-line.ts';
import { storyOf } from '../apps/relayer/status/story.ts';
import { projectRoot } from './helpers.ts';

let lines = 0;
function line(kind: NumberedRecord['kind'], detail: object, atMs = 1_000 + lines): NumberedRecord {
  lines += 1;
  return { id: lines, kind, atMs, eventSeq: null, detail: { ...detail } };
}
const started = (slot: string) => line('relayer_started', { slot, pid: 7, events: 0 });

describe('the story', () => {
  test('tells a start after a stop from one after a death, slot by slot', () => {
    const { starts, relayers } = storyOf([
      started('00'),
      started('01'),
      line('relayer_stopped', { slot: '00' }),
      started('00'),
      line('taken_over', { slot: '01', events: 9 }),
      line('taken_over', { slot: '01', events: 3 }),
      started('01'),
      started('01'),
    ]);
    expect(starts.map(({ slot, cause, tookOver }) => [slot, cause, tookOver])).toEqual([
      ['00', 'first', 0],
      ['01', 'first', 0],
      ['00', 'stop', 0],
      ['01', 'death', 12],
      ['01', 'death', 0],
    ]);
    expect(relayers).toMatchObject([
      { slot: '00', starts: 2, stoppedAtMs: null },
      { slot: '01', starts: 3 },
    ]);
  });

  test('a relayer that stopped stays stopped, and a stop without a start is nobody', () => {
    const { relayers } = storyOf([
      line('relayer_stopped', { slot: '05' }),
      started('00'),
      line('relayer_stopped', { slot: '00' }, 9_000),
    ]);
    expect(relayers).toMatchObject([{ slot: '00', stoppedAtMs: 9_000 }]);
  });

  test('a pause ends when the gateway is back, or with the relayer that saw it; not with a start recorded afterwards', () => {
    const paused = (atMs: number) => line('gateway', { state: 'paused', reason: 'HTTP 503' }, atMs);
    const { pauses } = storyOf([
      paused(10),
      paused(11),
      line('gateway', { state: 'ramping', paused_ms: 9 }, 20),
      paused(30),
      { ...started('00'), atMs: 40 },
      paused(50),
      { ...started('01'), atMs: 49 },
    ]);
    const spans = pauses.map(({ fromMs, toMs }) => [fromMs, toMs]);
    expect(JSON.stringify(spans)).toBe('[[10,20],[30,40],[50,null]]');
    expect(pauses[0]?.reason).toBe('HTTP 503');
  });

  test('a line shows no detail that is not meant to be shown', () => {
    const shown = [
      line('verified', { gateway: 'https://convoy.test/p', key: 'abcdef' }),
      line('relayer_started', { slot: '00', pid: 7, note: 'abcdef' }),
      line('gateway', { state: 'ramping', paused_ms: 4_000 }),
    ].map((record) => recordLine(record).text);
    expect(shown.join()).not.toContain('abcdef');
    expect(shown[2]).toBe('gateway is back after 4 s');
  });
});

test('quantiles are values that were measured', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile([7], 0.99), quantile([], 0.5)]).toEqual([
    50,
    99,
    7,
    null,
  ]);
});

describe('the past', () => {
  const traffic = (events: number) => async () => ({
    appended: { events, isExact: true },
    accepted: { events: 10, isExact: events < 400_000 },
    latenciesMs: [3],
  });
  const parts = { clock: systemClock, signal: new AbortController().signal };

  test('is a quarter of an hour in intervals of 5 s, oldest first, and ends now', async () => {
    const intervals = await pastOf(0, { store: { traffic: traffic(20) }, ...parts });
    expect(intervals).toHaveLength(180);
    expect(intervals[0]).toMatchObject({ appendedRate: 4, acceptedRate: 2, p50Ms: 3 });
    expect((intervals[179]?.atMs ?? 0) - (intervals[0]?.atMs ?? 0)).toBe(179 * 5_000);
  });

  test('goes back no further than a million rows, and says nothing where there was more than it counted', async () => {
    const intervals = await pastOf(0, { store: { traffic: traffic(400_000) }, ...parts });
    expect(intervals).toHaveLength(3);
    expect(intervals[0]).toMatchObject({ appendedRate: 80_000, acceptedRate: null });
  });
});

describe('the history of the charts', async () => {
  const { History } = await import(path.join(projectRoot, 'apps/relayer/status/page/history.js'));
  const moment = (second: number, pending = 0) =>
    ({
      atMs: second * 1_000,
      pending: { events: pending },
      appendedRate: 1,
      acceptedRate: 1,
      p50Ms: 1,
      p99Ms: 2,
    }) as Moment;
  const interval = (second: number, appendedRate = 0, acceptedRate = 0): PastInterval => ({
    ...{ atMs: second * 1_000, appendedRate, acceptedRate, p50Ms: null, p99Ms: null },
  });

  test('the backlog of the past is reckoned backwards from the first moment', () => {
    const history = new History();
    history.addPast([interval(5), interval(10, 20, 0), interval(15, 0, 10), interval(20)]);
    history.add(moment(21, 60));
    expect(history.times).toEqual([5, 10, 15, 20, 21]);
    expect(history.pending).toEqual([10, 110, 60, 60, 60]);
  });

  test('what was seen stays, and a gap is filled with what the database remembers', () => {
    const history = new History();
    history.add(moment(1));
    history.add(moment(2));
    history.addPast([interval(7, 4, 4), interval(12, 4, 4)]);
    history.add(moment(14));
    history.add(moment(15));
    expect(history.times).toEqual([1, 2, 7, 12, 14, 15]);
    expect(history.appended).toEqual([1, 1, 4, 4, 1, 1]);
  });

  test('times only rise, whatever the clock does, and an hour is kept', () => {
    const history = new History();
    history.add(moment(100));
    history.add(moment(50));
    history.add(moment(101));
    expect(history.times).toEqual([100, 101]);
    history.add(moment(3_701));
    expect(history.times).toEqual([3_701]);
    expect(history.p99).toHaveLength(1);
  });
});
