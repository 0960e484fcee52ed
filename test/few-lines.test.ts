// Lines about what happens often: few are told one by one, many are summed up, and level debug tells all.
import { expect, test } from 'vitest';
import { FewLines } from '../apps/outbox/few-lines.ts';
import type { LogLevel } from '../apps/outbox/log.ts';
import { FakeClock } from './fake-clock.ts';

function rig(level: LogLevel) {
  const clock = new FakeClock();
  const summaries: number[] = [];
  const lines = new FewLines({ clock, log: { level }, summarize: (untold) => summaries.push(untold) });
  const admitted = (times: number) =>
    Array.from({ length: times }, () => lines.admit()).filter(Boolean).length;
  return { clock, summaries, lines, admitted };
}

test('ten a second are told by themselves, and the rest in one line at its end', async () => {
  const { clock, summaries, admitted } = rig('info');
  expect(admitted(25)).toBe(10);
  await clock.advance(1_000);
  expect(summaries).toEqual([15]);
  expect(admitted(3)).toBe(3);
  await clock.advance(1_000);
  expect(summaries).toEqual([15]);
});

test('what is still untold at the end is summed up at once, and once', async () => {
  const { clock, summaries, lines, admitted } = rig('info');
  admitted(12);
  lines.flush();
  lines.flush();
  await clock.advance(5_000);
  expect(summaries).toEqual([2]);
});

test('at level debug every one is told', async () => {
  const { clock, summaries, admitted } = rig('debug');
  expect(admitted(500)).toBe(500);
  await clock.advance(2_000);
  expect(summaries).toEqual([]);
});
