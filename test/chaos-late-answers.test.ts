// Which repeats are explained by a relayer's word that it gave up waiting for an answer, with a record and a ledger made up for
// the purpose.
import { expect, test } from 'vitest';
import type { RecordLine } from '../scripts/chaos/record.ts';
import { causesOf, repeatsOf } from '../scripts/chaos/repeat-causes.ts';
import { explainRepeats } from '../scripts/chaos/repeats.ts';
import type { AcceptedLine, FaultLine } from '../scripts/sandbox/ledger-line.ts';

const run: RecordLine = {
  ...{ kind: 'run', seed: 1, durationMs: 1_000, kills: 0, relayers: 2, soak: false, atMs: 0 },
  ...{ concurrency: 2, leaseMs: 2_000, requestTimeoutMs: 800 },
};

const gaveUp = (key: string, monotonicMs: number, tookMs = 800): RecordLine => ({
  ...{ kind: 'gave up', key, tookMs, monotonicMs },
});

const accepted = (monotonicMs: number): AcceptedLine => ({
  ...{ kind: 'accepted', key: 'a', owner: 'o', type: 't', bytes: 2, sha256: '', nth: 1, answer: 'queued' },
  ...{ atMs: monotonicMs, monotonicMs },
});

/** How many repeats nothing explains. */
function unexplained(
  accepted: readonly AcceptedLine[],
  record: readonly RecordLine[],
  faults: readonly FaultLine[] = [],
): number {
  const causes = causesOf({ record: [run, ...record], ledger: { accepted, faults, tornLines: 0 } });
  return explainRepeats(repeatsOf(accepted), causes).unexplained.length;
}

const twice = [accepted(1_000), accepted(2_000)];

test('an event that was accepted after its relayer had given up may be sent again', () => {
  expect(unexplained(twice, [gaveUp('a', 990)])).toBe(0);
  expect(unexplained(twice, [gaveUp('b', 990)])).toBe(1);
});

test('not when the relayer had not waited for all of its timeout', () => {
  expect(unexplained(twice, [gaveUp('a', 990, 400)])).toBe(1);
});

test('not when it had been accepted long before, so that the answer was there to be read', () => {
  expect(unexplained(twice, [gaveUp('a', 1_500)])).toBe(1);
});

test('nor when it was there by the deadline, and the relayer stood still at that moment', () => {
  expect(unexplained(twice, [gaveUp('a', 2_000, 1_500)])).toBe(1);
  expect(unexplained(twice, [gaveUp('a', 2_000, 1_900)])).toBe(0);
});

test.each(['late-answer', 'client-gone'] as const)(
  'but when the answer itself was later than that (%s)',
  (fault) => {
    const end = (monotonicMs: number): FaultLine => ({
      ...{ kind: 'fault', fault, key: 'a', delayMs: monotonicMs - 1_000, atMs: monotonicMs, monotonicMs },
    });
    expect(unexplained(twice, [gaveUp('a', 1_500)], [end(1_600)])).toBe(0);
    expect(unexplained(twice, [gaveUp('a', 1_500)], [end(1_100)])).toBe(1);
    expect(unexplained(twice, [], [end(1_600)])).toBe(1);
  },
);

test('each time needs a word of its own', () => {
  const thrice = [...twice, accepted(3_000)];
  expect(unexplained(thrice, [gaveUp('a', 990)])).toBe(1);
  expect(unexplained(thrice, [gaveUp('a', 980), gaveUp('a', 990)])).toBe(0);
});
