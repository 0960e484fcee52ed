// How chaos judges, with evidence made up for the purpose: which repeats a kill excuses, what counts as growth, and which
// recoveries are counted.
import { describe, expect, test } from 'vitest';
import type { Evidence } from '../scripts/chaos/evidence.ts';
import { growths } from '../scripts/chaos/growth.ts';
import { pictureOf, sparkline } from '../scripts/chaos/picture.ts';
import type { RecordLine } from '../scripts/chaos/record.ts';
import { recoveryOf } from '../scripts/chaos/recovery.ts';
import { causesOf, repeatsOf } from '../scripts/chaos/repeat-causes.ts';
import { explainRepeats } from '../scripts/chaos/repeats.ts';
import { lateTakeovers } from '../scripts/chaos/takeovers.ts';
import { accepted, evidence, kill, relayer, run, span } from './chaos-evidence.ts';

function unexplained(given: Evidence): readonly string[] {
  return explainRepeats(repeatsOf(given.ledger.accepted), causesOf(given)).unexplained.map(({ key }) => key);
}

describe('a repeat', () => {
  const twice = (key: string) => [accepted(key, 90), accepted(key, 300)];

  test('is explained by the kill of the relayer that held the event, and of no other', () => {
    expect(unexplained(evidence([kill(100, ['a'])], {}, ...twice('a')))).toEqual([]);
    expect(unexplained(evidence([kill(100, ['b'])], {}, ...twice('a')))).toEqual(['a']);
  });

  test('is explained by a kill for as many events as a relayer has slots', () => {
    const acceptances = ['a', 'b', 'c'].flatMap(twice);
    expect(unexplained(evidence([kill(100, ['a', 'b', 'c'])], {}, ...acceptances))).toHaveLength(1);
  });

  test('is explained by the sleep of the relayer that held the event', () => {
    const nap = (held: string[]): RecordLine => ({
      kind: 'pause',
      ...relayer,
      held,
      fenced: 1,
      fromMs: 95,
      toMs: 200,
    });
    expect(unexplained(evidence([nap(['a'])], {}, ...twice('a')))).toEqual([]);
    expect(unexplained(evidence([nap(['b'])], {}, ...twice('a')))).toEqual(['a']);
  });

  test('is explained by the death of PM2, which stops the sandbox, and not by that of an ingester', () => {
    const pm2: RecordLine = { kind: 'PM2 kill', pid: 1, left: [], ...span(100) };
    const ingester = kill(100, ['a'], { target: 'ingester', name: 'ingester-3', pid: 13 });
    expect(unexplained(evidence([pm2], {}, ...twice('a')))).toEqual([]);
    const start: RecordLine = { kind: 'PM2 start', atMs: 120, fromMs: 120, toMs: 700 };
    expect(unexplained(evidence([pm2, start], {}, accepted('a', 500), accepted('a', 900)))).toEqual([]);
    expect(unexplained(evidence([pm2, start], {}, accepted('a', 960), accepted('a', 990)))).toEqual(['a']);
    expect(unexplained(evidence([ingester], {}, ...twice('a')))).toEqual(['a']);
  });
});

describe('a recovery', () => {
  const next: RecordLine = { kind: 'process', ...relayer, pid: 12, sinceMs: 200 };
  const rest = {
    relayerStarts: [{ atMs: 400, pid: 12 }],
    takeovers: [{ atMs: 200, slot: '00', events: 1 }],
  };
  const processes: RecordLine[] = [{ kind: 'process', ...relayer, sinceMs: 0 }, next];

  test('is counted from the kill to the first event that was held and is accepted again, and to the replacement', () => {
    const found = recoveryOf(
      evidence([...processes, kill(100, ['a'])], rest, accepted('a', 110), accepted('a', 250)),
    );
    expect(found.redelivered).toEqual({ timesMs: [150], of: 1 });
    expect(found.up).toEqual({ timesMs: [300], of: 1 });
  });

  test('is not counted when another relayer is killed first', () => {
    const other = kill(230, [], { ...relayer, name: 'relayer-2', pid: 21 });
    const found = recoveryOf(evidence([...processes, kill(100, ['a']), other], rest, accepted('a', 250)));
    expect(found.redelivered).toEqual({ timesMs: [], of: 2 });
    expect(found.redeliveredAnyhow).toEqual({ timesMs: [150], of: 2 });
  });

  test('is not that of a process which a new PM2 started under the same name', () => {
    const start: RecordLine = { kind: 'PM2 start', atMs: 250, fromMs: 250, toMs: 260 };
    const found = recoveryOf(evidence([...processes, kill(100, ['a']), start], rest));
    expect(found.up).toEqual({ timesMs: [], of: 1 });
  });

  test('is not that of a later process which got the same id', () => {
    const third: RecordLine = { kind: 'process', ...relayer, pid: 13, sinceMs: 300 };
    const found = recoveryOf(evidence([...processes, third, kill(100, ['a'])], rest));
    expect(found.up).toEqual({ timesMs: [], of: 1 });
  });
});

describe('a takeover', () => {
  const start = { relayerStarts: [{ atMs: 400, pid: 12 }] };
  const taken = (atMs: number, slot = '00') => ({ takeovers: [{ atMs, slot, events: 1 }], ...start });

  test('is late when it comes after the next relayer had its chance, or concerns another slot', () => {
    expect(lateTakeovers(evidence([kill(100, ['a'])], taken(800)))).toEqual([]);
    expect(lateTakeovers(evidence([kill(100, ['a'])], taken(1_000)))).toHaveLength(1);
    expect(lateTakeovers(evidence([kill(100, ['a'])], taken(800, '01')))).toHaveLength(1);
  });

  test('is not asked of a relayer that was killed at it, or put to sleep', () => {
    const successor = { ...relayer, pid: 12 };
    const atIt = kill(500, [], successor);
    expect(lateTakeovers(evidence([kill(100, ['a']), atIt], taken(1_000)))).toEqual([]);
    const asleep: RecordLine = { kind: 'pause', ...successor, held: [], fenced: 0, fromMs: 500, toMs: 900 };
    expect(lateTakeovers(evidence([kill(100, ['a']), asleep], taken(1_000)))).toEqual([]);
  });
});

test('a takeover may wait for a relayer that has begun to start: it may hold the slot by then', () => {
  const late = (ups: readonly { readonly atMs: number; readonly pid: number }[], atMs = 1_400) =>
    lateTakeovers(
      evidence([kill(100, ['a']), { kind: 'process', ...relayer, pid: 13, sinceMs: 300 }], {
        relayerStarts: [{ atMs: 400, pid: 12 }, ...ups],
        takeovers: [{ atMs, slot: '00', events: 1 }],
      }),
    );
  expect(late([{ atMs: 1_500, pid: 13 }])).toEqual([]);
  expect(late([{ atMs: 1_500, pid: 13 }], 1_600)).toHaveLength(1);
  expect(late([])).toEqual([]);
});

describe('growth', () => {
  const samples = (value: (nth: number) => number): RecordLine[] =>
    Array.from({ length: 30 }, (_, nth) => ({
      kind: 'samples',
      atMs: nth,
      samples: [{ what: 'memory of relayer-1 (11)', unit: 'bytes', value: value(nth) * 1_048_576 }],
    }));

  test('is what goes on growing, not what warms up or goes up and down', () => {
    expect(growths(samples((nth) => 60 + nth))).toEqual([]);
    expect(growths(samples((nth) => 60 + 2 * nth))).toHaveLength(1);
    expect(growths(samples((nth) => Math.min(60 + 10 * nth, 150)))).toEqual([]);
    expect(growths(samples((nth) => (nth % 2 === 0 ? 60 : 90)))).toEqual([]);
  });

  test('is not judged in a soak that saw no relayer', () => {
    expect(growths([{ ...run, soak: true } as RecordLine])).toEqual([
      'no relayer was watched for long enough',
    ]);
  });
});

test('a picture has one column for each part of the run, and shows what is small beside the highest', () => {
  expect(sparkline([0, 1, 50, 100], 4)).toBe(' ▁▄█');
  const acceptances = Array.from({ length: 100 }, (_, nth) => accepted(`${nth}`, nth * 10));
  const [line = '', ...rest] = pictureOf(evidence([kill(500, [])], {}, ...acceptances));
  expect(line).toMatch(/^accepted {9}[▁-█]{72}$/);
  expect(rest.join('\n')).toMatch(/^kills .* █ *$/m);
});
