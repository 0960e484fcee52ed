// The matching of repeats with the faults that may explain them, as the pure function it is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causesOf, repeatsOf } from '../scripts/chaos/repeat-causes.ts';
import { type Cause, explainRepeats, type Repeat } from '../scripts/chaos/repeats.ts';
import type { AcceptedLine } from '../scripts/sandbox/ledger-line.ts';

const repeat = (key: string, fromMs: number, toMs: number): Repeat => ({ key, fromMs, toMs });
const kill = (atMs: number, capacity: number): Cause => ({
  kind: 'kill',
  fromMs: atMs,
  toMs: atMs,
  capacity,
});
const fault = (key: string, atMs: number): Cause => ({
  ...kill(atMs, 1),
  kind: 'fault',
  keys: new Set([key]),
});

describe('explaining repeats', () => {
  test('a repeat with a kill between its acceptances is explained', () => {
    expect(explainRepeats([repeat('a', 10, 30)], [kill(20, 8)])).toEqual({ used: [1], unexplained: [] });
  });

  test('a repeat without any fault is not', () => {
    const alone = repeat('a', 10, 30);
    expect(explainRepeats([alone], []).unexplained).toEqual([alone]);
  });

  test('a kill before the first acceptance or after the second explains nothing', () => {
    const repeats = [repeat('a', 10, 30)];
    expect(explainRepeats(repeats, [kill(9, 8), kill(31, 8)]).unexplained).toHaveLength(1);
  });

  test('a kill explains no more than its capacity', () => {
    const repeats = ['a', 'b', 'c'].map((key) => repeat(key, 10, 30));
    const { used, unexplained } = explainRepeats(repeats, [kill(20, 2)]);
    expect(used).toEqual([2]);
    expect(unexplained).toHaveLength(1);
  });

  test('a fault on one key explains no other', () => {
    expect(explainRepeats([repeat('a', 10, 30)], [fault('b', 20)]).unexplained).toHaveLength(1);
  });

  test('a fault on its own key is used before the room of a kill', () => {
    const repeats = [repeat('a', 10, 30), repeat('b', 10, 30)];
    expect(explainRepeats(repeats, [kill(20, 1), fault('a', 20)])).toEqual({ used: [1, 1], unexplained: [] });
  });

  test('a repeat that could use either of two kills leaves room for one that could not', () => {
    // In order of their ends "wide" comes first and takes the early kill, the only one "early" can use.
    const repeats = [repeat('wide', 0, 50), repeat('early', 0, 60)];
    const early = { ...kill(10, 1), toMs: 10 };
    const late = { ...kill(40, 1), fromMs: 40 };
    const { unexplained } = explainRepeats([...repeats, repeat('third', 45, 70)], [early, late, kill(65, 1)]);
    expect(unexplained).toEqual([]);
  });

  test('a pause explains a repeat that began or ended while it lasted', () => {
    const pause: Cause = { kind: 'pause', fromMs: 100, toMs: 200, capacity: 8 };
    const repeats = [repeat('before', 90, 150), repeat('within', 120, 180), repeat('after', 150, 250)];
    expect(explainRepeats(repeats, [pause]).unexplained).toEqual([]);
    expect(explainRepeats([repeat('later', 201, 250)], [pause]).unexplained).toHaveLength(1);
  });

  test('no assignment explains more: it agrees with trying all of them', () => {
    const instant = fc.integer({ min: 0, max: 12 });
    const span = fc
      .tuple(instant, instant)
      .map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }));
    const key = fc.constantFrom('a', 'b');
    const repeats = fc.array(fc.record({ key, span }), { maxLength: 6 });
    const causes = fc.array(
      fc.record({
        keys: fc.option(fc.uniqueArray(key, { minLength: 1 })),
        span,
        capacity: fc.integer({ min: 1, max: 2 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(repeats, causes, (givenRepeats, givenCauses) => {
        const asRepeats = givenRepeats.map((given) => ({ key: given.key, ...given.span }));
        const asCauses: Cause[] = givenCauses.map((given) => ({
          kind: 'kill',
          capacity: given.capacity,
          ...given.span,
          ...(given.keys === null ? {} : { keys: new Set(given.keys) }),
        }));
        const { used, unexplained } = explainRepeats(asRepeats, asCauses);
        expect(unexplained.length).toBe(asRepeats.length - mostExplained(asRepeats, asCauses));
        expect(used.every((count, index) => count <= (asCauses[index]?.capacity ?? 0))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

const accepted = (monotonicMs: number, more: Partial<AcceptedLine> = {}): AcceptedLine => ({
  ...{ kind: 'accepted', key: 'a', owner: 'o', type: 't', bytes: 2, sha256: '', nth: 1, answer: 'queued' },
  ...{ atMs: monotonicMs, monotonicMs },
  ...more,
});

test.each([
  { what: 'accepted and lost', first: accepted(10, { fate: 'lost' }), isExplained: true },
  {
    what: 'accepted and answered otherwise',
    first: accepted(10, { answer: 'lost-reply' }),
    isExplained: true,
  },
  { what: 'accepted, stored and answered', first: accepted(10), isExplained: false },
])('what was $what may be sent once more: $isExplained', ({ first, isExplained }) => {
  const times = {
    durationMs: 0,
    kills: 0,
    relayers: 1,
    soak: false,
    concurrency: 4,
    leaseMs: 1,
    requestTimeoutMs: 1,
    atMs: 0,
  };
  const unexplained = (lines: readonly AcceptedLine[]) => {
    const ledger = { accepted: lines, faults: [], tornLines: 0 };
    return explainRepeats(
      repeatsOf(lines),
      causesOf({ record: [{ kind: 'run', seed: 1, ...times }], ledger }),
    ).unexplained.length;
  };
  expect(unexplained([first, accepted(30)])).toBe(isExplained ? 0 : 1);
  expect(unexplained([first, accepted(30), accepted(50)])).toBe(isExplained ? 1 : 2);
});

/** By trying every assignment. */
function mostExplained(repeats: readonly Repeat[], causes: readonly Cause[]): number {
  const [first, ...rest] = repeats;
  if (first === undefined) return 0;
  let most = mostExplained(rest, causes);
  for (const [index, cause] of causes.entries()) {
    const isMeant = cause.keys?.has(first.key) ?? true;
    if (!isMeant || cause.capacity === 0 || cause.fromMs > first.toMs || cause.toMs < first.fromMs) continue;
    const left = causes.with(index, { ...cause, capacity: cause.capacity - 1 });
    most = Math.max(most, 1 + mostExplained(rest, left));
  }
  return most;
}
