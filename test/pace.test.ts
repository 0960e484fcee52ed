// When the loop takes its turns: full ones, and with room for those who write beside it.
import { expect, test } from 'vitest';
import { Pace } from '../apps/relayer/pace.ts';
import { FakeClock } from './fake-clock.ts';

test('answers wait for those under way for 2 ms, and no longer than the last one', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  expect(pace.answersWaitMs({ answers: 0, isAllAnswered: true })).toBeNull();
  expect(pace.isTimeToLook({ answers: 1, isAllAnswered: false })).toBe(true);
  expect(pace.answersWaitMs({ answers: 1, isAllAnswered: false })).toBe(2);
  await clock.advance(1);
  expect(pace.isTimeToLook({ answers: 2, isAllAnswered: false })).toBe(false);
  expect(pace.answersWaitMs({ answers: 2, isAllAnswered: false })).toBe(1);
  expect(pace.isTimeToLook({ answers: 3, isAllAnswered: true })).toBe(true);
  expect(pace.answersWaitMs({ answers: 3, isAllAnswered: true })).toBe(0);
});

test('a turn is followed by a gap while others write, and for 10 s after', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  const gapMs = async (turnMs: number, othersWrote: boolean) => {
    const startMs = clock.monotonicMs();
    let endMs = Number.NaN;
    void pace.leaveAlone({ turnMs, othersWrote }).then(() => {
      endMs = clock.monotonicMs();
    });
    await clock.advance(100);
    return endMs - startMs;
  };
  expect(await gapMs(1.5, false)).toBe(0);
  expect(await gapMs(1.5, true)).toBe(4.5);
  // It was waiting, not writing.
  expect(await gapMs(50, false)).toBe(5);
  await clock.advance(9_000);
  expect(await gapMs(1, false)).toBe(3);
  await clock.advance(1_000);
  expect(await gapMs(1, false)).toBe(0);
});
