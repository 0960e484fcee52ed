import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { compactJson } from '../../apps/outbox/postgres/compact-json.ts';
import { seededRandom } from '../seeded-random.ts';

const sqlite = new Database(':memory:');
const inSqlite = sqlite.prepare('SELECT CASE WHEN json_valid(:text) THEN json(:text) END').pluck();
afterAll(() => void sqlite.close());

test.each([
  '{}',
  ' { } ',
  '[ 1 ,\t2\n, "a, b: [c] {d}" ]',
  '{"a":"x, y","b":[1, 2]}',
  '{ "quote\\"" : "\\\\" , "\\\\\\"" : " \\u0020 \\/ " }',
  '{"n" : -0, "m":1.10 ,"e": 1E+2,"big":12345678901234567890.0}',
  '{"same":1, "same":2}',
  '"  "',
  ' null ',
  '{"cut',
  "{'a':1}",
  '{"a":1,}',
  '{"a":01}',
  '',
])('%j is sent as from SQLite', (text) => {
  expect(compactJson(text)).toBe(inSqlite.get({ text }));
});

test('whatever the text, it is sent as from SQLite', () => {
  const seed = 7;
  const random = seededRandom(seed);
  const parts = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    ' ',
    '\n',
    '\t',
    '1',
    '-0.10e+5',
    'true',
    'é',
    '😀',
  ];
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? '';
  const space = () => pick(['', '', ' ', '\n\t', '\r\n  ']);
  const textOf = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return `${space()}${JSON.stringify(value)}${space()}`;
    const members = Object.entries(value).map(([name, member]) =>
      Array.isArray(value) ? textOf(member) : `${space()}${JSON.stringify(name)}${space()}:${textOf(member)}`,
    );
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    return `${space()}${open}${members.join(',') || space()}${close}${space()}`;
  };
  const word = () => Array.from({ length: Math.floor(random() * 6) }, () => pick(parts)).join('');
  const anything = (depth: number): unknown => {
    const several = () => Array.from({ length: Math.floor(random() * 4) }, () => anything(depth + 1));
    const kind = depth > 3 ? 0 : Math.floor(random() * 4);
    if (kind === 0) return word();
    if (kind === 1) return Math.round(random() * 1e6) / 100;
    return kind === 2 ? several() : Object.fromEntries(several().map((value) => [word(), value]));
  };
  for (let n = 0; n < 2_000; n++) {
    const valid = textOf(anything(0));
    const text = n % 2 === 0 ? valid : valid.replace(pick(parts), pick(parts));
    expect(compactJson(text), `seed ${seed}: ${JSON.stringify(text)}`).toBe(inSqlite.get({ text }));
  }
});
