// How the command line words spans, sizes, progress and tables.
import { expect, test } from 'vitest';
import { progressText } from '../scripts/outbox/long-work.ts';
import { tableLines } from '../scripts/outbox/table.ts';
import { bytesText, instantText, plainText, spanText } from '../scripts/outbox/wording.ts';

test.each([
  [-5, '0 ms'],
  [Number.NaN, 'unknown'],
  [850, '850 ms'],
  [1_999, '1 s'],
  [200_000, '3 m 20 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('a span of %i ms is %s', (ms, text) => expect(spanText(ms)).toBe(text));

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_500, '1.5 KB'],
  [844_451_840, '844 MB'],
])('%i bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

test('an instant is shown in UTC, and an unreadable one said to be so', () => {
  expect(instantText(0)).toBe('1970-01-01 00:00:00.000');
  expect(instantText(Number.NaN)).toBe('at an unreadable instant');
});

test('what could steer a terminal is shown as an escape', () => {
  expect(plainText('a\u001b[2Jb\nc\u202ed é漢')).toBe('a\\u001b[2Jb\\u000ac\\u202ed é漢');
});

test('progress tells the share and the time left, once it can', () => {
  const state = { unit: 'events', total: 1_000, elapsedMs: 10_000 };
  expect(progressText({ ...state, done: 0 })).toBe('0 of 1,000 events (0 %)');
  expect(progressText({ ...state, done: 250 })).toBe('250 of 1,000 events (25 %, 30 s left)');
  expect(progressText({ ...state, done: 1_000 })).toBe('1,000 of 1,000 events (100 %)');
  expect(progressText({ ...state, done: 5, total: null })).toBe('5 events');
});

test('a table is aligned, and cut to a terminal but not to a pipe', () => {
  const columns = [{ title: 'ID' }, { title: 'N', align: 'right' }, { title: 'TEXT' }] as const;
  const rows = [
    ['a', '1', 'a long text'],
    ['bcd', '22', ''],
  ];
  expect(tableLines(columns, rows, null)).toEqual(['ID    N  TEXT', 'a     1  a long text', 'bcd  22']);
  expect(tableLines(columns, rows, 12)[1]).toBe('a     1  a …');
});
