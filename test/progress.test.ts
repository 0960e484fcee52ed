// What long commands tell meanwhile, on a terminal and elsewhere, and where they leave their results.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { partNames } from '../scripts/bench/config.ts';
import { Pace, workOfAll } from '../scripts/bench/pace.ts';
import { troubleLeftMs } from '../scripts/chaos/progress.ts';
import { writeResultFiles } from '../scripts/picture/result-files.ts';
import { ProgressLine } from '../scripts/progress-line.ts';
import { tempDirectory } from './helpers.ts';

function screen(isTTY: boolean) {
  const written: string[] = [];
  const line = new ProgressLine({ isTTY, columns: 10, write: (text) => void written.push(text) });
  return { line, text: () => written.join('') };
}

test('a line renews itself on a terminal, within its width, and gives way to one that stays', () => {
  const { line, text } = screen(true);
  line.renew('0123456789');
  line.say('done');
  line.end();
  expect(text()).toBe('\r\u001b[K012345678\r\u001b[Kdone\n');
});

test('elsewhere only whole lines are written, with nothing that steers a terminal', () => {
  const { line, text } = screen(false);
  line.renew('0123456789');
  line.say('done');
  line.end();
  expect(text()).toBe('done\n');
});

test('the time left of chaos is that of the run, or that of its kills when they take longer', () => {
  const run = { durationMs: 30_000, kills: 30, killed: 5, elapsedMs: 10_000 };
  expect(troubleLeftMs(run)).toBe(20_000);
  expect(troubleLeftMs({ ...run, kills: 105 })).toBe(30_000);
  expect(troubleLeftMs({ ...run, killed: 20, elapsedMs: 40_000 })).toBe(20_000);
  expect(troubleLeftMs({ ...run, killed: 30, elapsedMs: 40_000 })).toBe(0);
});

test('the time left of a benchmark comes from the pace of what is done, and passes while the next part runs', () => {
  let nowMs = 5_000;
  const pace = new Pace(() => nowMs);
  pace.plan(10);
  expect(pace.leftText).toBe('');
  nowMs += 4_000;
  pace.did(2);
  expect(pace.leftText).toBe('about 16 s left');
  nowMs += 6_000;
  expect(pace.leftText).toBe('about 10 s left');
  nowMs += 60_000;
  expect(pace.leftText).toBe('about 1 s left');
  pace.did(8);
  expect(pace.leftText).toBe('');
});

test('two results of one name stand side by side, each with its picture', () => {
  const folder = path.join(tempDirectory(), 'new');
  const write = (result: number) => writeResultFiles({ folder, name: 'a', result, svg: `<svg>${result}` });
  const file = (name: string) => path.join(folder, name);
  expect(write(1)).toBe(`Result: ${file('a.json')}\nPicture: ${file('a.svg')}`);
  expect(write(2)).toBe(`Result: ${file('a-2.json')}\nPicture: ${file('a-2.svg')}`);
  expect(['a.json', 'a.svg', 'a-2.json', 'a-2.svg'].map((name) => readFileSync(file(name), 'utf8'))).toEqual([
    '1\n',
    '<svg>1',
    '2\n',
    '<svg>2',
  ]);
});

test('a part that is measured alone is less work than all of them, and each run is more', () => {
  const all = { only: partNames, runs: 5, pending: 10_000 };
  expect(workOfAll({ ...all, only: ['drain'] })).toBeLessThan(workOfAll(all));
  expect(workOfAll({ ...all, runs: 6 })).toBeGreaterThan(workOfAll(all));
  expect(workOfAll({ ...all, pending: 20_000 })).toBeGreaterThan(workOfAll(all));
});
