// What people may write for a duration, a number, a word, a text.
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../apps/outbox/duration.ts';
import { duration, oneOf, text, wholeNumber } from '../apps/outbox/flag.ts';

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1.5s', 1_500],
    [' 5s ', 5_000],
    ['5 s', 5_000],
    ['10S', 10_000],
    ['0', 0],
    ['0s', 0],
    ['0.4ms', 0],
  ])('%j is %d ms', (given, wantedMs) => {
    expect(parseDuration(given)).toBe(wantedMs);
  });

  test.each([
    '',
    ' ',
    '5',
    '1000',
    '-5s',
    '+5s',
    '5x',
    's',
    '5 5s',
    '1e3s',
    '1y',
    '5s!',
    'soon',
    '.5s',
    `${'9'.repeat(200)}s`,
  ])('%j is none', (given) => {
    expect(parseDuration(given)).toBeNull();
  });

  test.each([
    [250, '250ms'],
    [5_000, '5s'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [120_000, '2m'],
    [3_600_000, '1h'],
    [604_800_000, '7d'],
    [0, '0ms'],
  ])('%d ms is written %s', (givenMs, wanted) => {
    expect(formatDuration(givenMs)).toBe(wanted);
  });

  test('is written so that reading it back gives the same', () => {
    for (const durationMs of [1_500, 90_000, 5_400_000, 1_001, 36 * 3_600_000]) {
      expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
    }
  });

  test('must keep its bounds, both of them included', () => {
    const parse = duration({ minMs: 1_000, maxMs: 60_000 });
    expect(parse('1s')).toEqual({ kind: 'value', value: 1_000 });
    expect(parse('1m')).toEqual({ kind: 'value', value: 60_000 });
    expect(parse('999ms')).toEqual({ kind: 'expected', text: 'a duration from 1s to 1m' });
    expect(parse('61s')).toEqual({ kind: 'expected', text: 'a duration from 1s to 1m' });
    expect(parse('60')).toEqual({ kind: 'expected', text: 'a duration such as 500ms, 30s or 1m' });
  });
});

test('a whole number keeps its bounds and has no fraction, sign or unit', () => {
  const parse = wholeNumber({ min: 1, max: 100 });
  expect(parse('1')).toEqual({ kind: 'value', value: 1 });
  expect(parse(' 100 ')).toEqual({ kind: 'value', value: 100 });
  for (const given of ['0', '101', '1.5', '-1', '+1', '1e1', '0x10', '', ' ', 'ten', '9'.repeat(30)]) {
    expect(parse(given)).toEqual({ kind: 'expected', text: 'a whole number from 1 to 100' });
  }
});

test('a word is one of the known ones, in any case', () => {
  const parse = oneOf(['yes', 'no']);
  expect(parse(' YES ')).toEqual({ kind: 'value', value: 'yes' });
  expect(parse('maybe')).toEqual({ kind: 'expected', text: 'one of yes, no' });
});

test('a text is on one line, not blank, not too long', () => {
  const parse = text({ maxLength: 5 });
  expect(parse(' a b ')).toEqual({ kind: 'value', value: 'a b' });
  for (const given of ['', '  ', 'abcdef', 'a\nb', 'a\u0000b', '\u001b[0m']) {
    expect(parse(given)).toEqual({ kind: 'expected', text: 'text of 1 to 5 characters on one line' });
  }
});
