// Log lines as they leave a process: readable by default, JSON on request, and never a secret in them.
import { describe, expect, test } from 'vitest';
import { errorText } from '../apps/outbox/log.ts';
import { spawnNode } from './helpers.ts';

type Call = readonly [level: string, message: string, fields?: Record<string, unknown>];

/** What a process prints that logs these calls. */
async function linesOf(options: Record<string, unknown>, ...calls: readonly Call[]): Promise<string[]> {
  const child = spawnNode('test/fixtures/log-lines.mjs', [
    JSON.stringify([{ app: 'relayer', ...options }, ...calls]),
  ]);
  expect(await child.exited, child.stderr).toBe(0);
  return child.stdout.split('\n').slice(0, -1);
}

describe('a readable line', () => {
  test('has the time, the application, the message and the fields', async () => {
    const lines = await linesOf(
      {},
      [
        'info',
        'event accepted',
        { event: 'e1', since_commit_ms: 3, more: null, list: [1, 'a'], none: undefined },
      ],
      [
        'warn',
        'gateway unavailable',
        { reason: 'HTTP 503: no luck', empty: '', quoted: 'a"b', equals: 'a=b' },
      ],
      ['error', 'event dead'],
    );
    expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ''))).toEqual([
      'relayer  event accepted  event=e1 since_commit_ms=3 more=null list=[1,"a"]',
      'relayer  WARN  gateway unavailable  reason="HTTP 503: no luck" empty="" quoted="a\\"b" equals="a=b"',
      'relayer  ERROR event dead',
    ]);
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} /);
  });

  test('stays one line, and gives a terminal nothing to obey', async () => {
    const lines = await linesOf({}, [
      'info',
      'm',
      { break: 'a\nb', escape: '\u001b[31mred', bell: 'a\u0007' },
    ]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('break="a\\nb" escape="\\u001b[31mred" bell="a\\u0007"');
  });
});

test('a JSON line is one object with time, application, level, message and fields', async () => {
  const fields = { event: 'e1', since_commit_ms: 3, reason: 'two\nlines' };
  const [line, ...rest] = await linesOf({ format: 'json' }, ['info', 'event accepted', fields]);
  expect(rest).toEqual([]);
  expect(JSON.parse(line ?? '')).toEqual({
    app: 'relayer',
    pid: expect.any(Number),
    level: 'info',
    message: 'event accepted',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    ...fields,
  });
});

test.each([
  { level: 'error', shown: ['error'] },
  { level: 'warn', shown: ['error', 'warn'] },
  { level: 'info', shown: ['error', 'warn', 'info'] },
  { level: 'debug', shown: ['error', 'warn', 'info', 'debug'] },
])('level $level shows $shown', async ({ level, shown }) => {
  const calls = ['error', 'warn', 'info', 'debug'].map((name) => [name, `at ${name}`] as const);
  const lines = await linesOf({ level }, ...calls);
  expect(lines.map((line) => line.split('at ')[1])).toEqual(shown);
});

describe('a secret is masked wherever it turns up', () => {
  test.each(['text', 'json'])('as %s', async (format) => {
    const secret = 'CO.s"e\\cret';
    const calls: Call[] = [
      [
        'info',
        `key ${secret} in the message`,
        { key: secret, nested: { deep: [secret] }, part: `Bearer ${secret}!` },
      ],
      [
        'error',
        'failed',
        { error: { $error: `401 for ${secret}`, code: 'ERR_X', cause: `header ${secret}` } },
      ],
    ];
    const text = (await linesOf({ format, secrets: ['', secret] }, ...calls)).join('\n');
    expect(text).not.toContain('cret');
    expect(text.match(/\*\*\*/g)).toHaveLength(6);
  });
});

describe('an error as one line', () => {
  test('has its message, its code and its cause', () => {
    const error = Object.assign(new Error('cannot\n  open', { cause: new Error('EACCES') }), {
      code: 'ERR_X',
    });
    expect(errorText(error)).toBe('cannot open (ERR_X): EACCES');
    expect(errorText(new Error('plain'))).toBe('plain');
  });

  test('is whatever was thrown when it was no error', () => {
    expect(errorText('text')).toBe('text');
    expect(errorText(undefined)).toBe('undefined');
  });
});
