// What trouble with a database's server excuses, and what it does not: repeats, exits, takeovers, reports.
import { expect, test } from 'vitest';
import { invariants } from '../scripts/chaos/invariants.ts';
import type { RecordLine } from '../scripts/chaos/record.ts';
import { causesOf, repeatsOf } from '../scripts/chaos/repeat-causes.ts';
import { explainRepeats } from '../scripts/chaos/repeats.ts';
import { allReports, type Report } from '../scripts/chaos/reports.ts';
import { lateTakeovers } from '../scripts/chaos/takeovers.ts';
import { accepted, evidence, kill, relayer, run as runLine, span } from './chaos-evidence.ts';

type Hit = { readonly isCrash?: boolean; readonly lostSessions?: number; readonly toMs?: number };

function hit(atMs: number, { isCrash = false, lostSessions = 0, toMs = atMs }: Hit): RecordLine {
  return { kind: 'database', what: 'hit', isCrash, lostSessions, fromMs: atMs, toMs };
}

/** Each key is accepted at `firstMs` and again at 9,000; how many of these repeats nothing explains. */
function unexplained(line: RecordLine, firstMs: number, keys: readonly string[]): number {
  const acceptances = [
    ...keys.map((key) => accepted(key, firstMs)),
    ...keys.map((key) => accepted(key, 9_000)),
  ];
  const found = evidence([line], {}, ...acceptances);
  return explainRepeats(repeatsOf(acceptances), causesOf(found)).unexplained.length;
}

test('a lost session explains what one relayer can have in flight, and no more', () => {
  expect(unexplained(hit(5_000, { lostSessions: 1 }), 4_900, ['a', 'b'])).toBe(0);
  expect(unexplained(hit(5_000, { lostSessions: 1 }), 4_900, ['a', 'b', 'c'])).toBe(1);
  expect(unexplained(hit(5_000, { lostSessions: 2 }), 4_900, ['a', 'b', 'c', 'd', 'e'])).toBe(1);
});

test('a connection that holds no slot explains nothing when it is ended', () => {
  expect(unexplained(hit(5_000, {}), 4_900, ['a'])).toBe(1);
});

test('a crash explains one repeat of each event accepted just before it, and none of one accepted earlier', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f'];
  expect(unexplained(hit(5_000, { isCrash: true }), 4_500, many)).toBe(0);
  expect(unexplained(hit(5_000, { isCrash: true }), 3_000, many)).toBe(6);
  const twice = [accepted('a', 4_900), accepted('a', 6_000), accepted('a', 9_000)];
  const found = evidence([hit(5_000, { isCrash: true })], {}, ...twice);
  expect(explainRepeats(repeatsOf(twice), causesOf(found)).unexplained).toHaveLength(1);
});

function unaskedExits(...record: readonly RecordLine[]): readonly string[] {
  return invariants.find(({ name }) => name === 'ends-only-when-told')?.offenders(evidence(record)) ?? ['?'];
}

test('a process that starts while the server is away may end; one that has come up may not', () => {
  const away = hit(5_000, { toMs: 8_000 });
  const exit = { kind: 'unasked exit', ...relayer, fromMs: 6_000, toMs: 7_000 } as const;
  expect(unaskedExits(away, { ...exit, wasUp: false })).toEqual([]);
  expect(unaskedExits(away, { ...exit, wasUp: true })).toHaveLength(1);
  expect(unaskedExits({ ...exit, wasUp: false })).toHaveLength(1);
  expect(unaskedExits(away, { ...exit, wasUp: false, fromMs: 9_500, toMs: 9_900 })).toHaveLength(1);
});

test('a server that is away takes nothing over', () => {
  const relayerStarts = [{ pid: 12, atMs: 5_100 }];
  const late = (...record: readonly RecordLine[]) =>
    lateTakeovers(evidence([kill(5_000, ['a']), ...record], { relayerStarts }));
  expect(late()).toHaveLength(1);
  expect(late(hit(5_050, { toMs: 5_400 }))).toEqual([]);
  expect(late({ kind: 'storm', kills: 1, ...span(5_050) })).toHaveLength(1);
});

test('on a server a relayer has half as long for the slots of others as its start took, and not longer', () => {
  const estate = { slot: '00', held: ['a'], leased: 1, leasedUntilMs: 60_000 };
  const late = (engine: 'sqlite' | 'postgres', takenAtMs: number) =>
    lateTakeovers({
      ...evidence([], { relayerStarts: [{ pid: 12, atMs: 8_000 }] }),
      record: [
        { ...runLine, leaseMs: 4_500, engine },
        { kind: 'kill', ...relayer, wasUp: true, estate, atMs: 5_000, ...span(5_000) },
        { kind: 'process', ...relayer, pid: 12, sinceMs: 6_000 },
      ],
      takeovers: [{ atMs: takenAtMs, slot: '00', events: 1 }],
    });
  expect(late('postgres', 8_900)).toEqual([]);
  expect(late('postgres', 9_100)).toHaveLength(1);
  expect(late('sqlite', 8_900)).toHaveLength(1);
});

test('two reports under one id, as a crash of the server makes them, both count', () => {
  const report = (atMs: number, events: number): Report => ({
    ...{ id: 7, about: 'fenced', atMs },
    detail: { events },
  });
  const copied: RecordLine = { kind: 'report', ...report(1_000, 3) };
  expect(allReports([copied], [report(1_000, 3), report(2_000, 2)])).toEqual([
    report(1_000, 3),
    report(2_000, 2),
  ]);
});
