// What is refused before it can be sent, and, as important, what is not: a rule that is too strict makes somebody's
// event dead.
import { describe, expect, test } from 'vitest';
import {
  type EventText,
  maxHeadersBytes,
  maxPayloadBytes,
  problemOfEvent,
} from '../apps/outbox/event-rules.ts';

const sound: EventText = {
  businessId: '550e8400-e29b-41d4-a716-446655440000',
  eventType: 'invoice.created',
  payloadText: '{"n":1}',
  headersText: null,
  idempotencyKey: '01a20a43-af6b-7005-8d48-25e47e95e65d',
};
const problem = (part: Partial<EventText>) => problemOfEvent({ ...sound, ...part });
const ofPayload = (payloadText: string) => problem({ payloadText });
const digits = (count: number) => '7'.repeat(count);

test('an ordinary event has no problem', () => {
  expect(problemOfEvent(sound)).toBeNull();
});

describe('a payload', () => {
  test.each([
    ['text with every harmless escape', String.raw`{"a":"\"\\\/\b\f\n\r\t\u00e9"}`],
    ['a surrogate pair in escapes', String.raw`{"a":"\ud83d\ude00"}`],
    ['two surrogate pairs in a row', String.raw`{"a":"\uD83D\uDE00\ud83d\ude01"}`],
    ['a raw emoji', '{"a":"😀"}'],
    ['an escaped backslash before u0000', String.raw`{"a":"\\u0000"}`],
    ['an escaped backslash before ud800', String.raw`{"a":"\\ud800"}`],
    ['a number of 131072 digits', `{"a":${digits(131_072)}}`],
    ['16383 digits after the point', `{"a":0.${digits(16_383)}}`],
    ['1e400, beyond a double but not beyond numeric', '{"a":1e400}'],
    ['the greatest exponent', '{"a":1e131071}'],
    ['the smallest exponent', '{"a":1e-16383}'],
    ['an exponent that the fraction takes back', `{"a":0.${'0'.repeat(100)}1e131172}`],
    ['a zero with a huge exponent', '{"a":0e200000}'],
    ['a huge number inside a string', `{"a":"1e200000 ${digits(140_000)}"}`],
    ['a huge number in a key', '{"1e200000":1}'],
    ['a number after a string that ends in a backslash', String.raw`{"a":"\\","b":-12.5e3}`],
    ['nesting as deep as SQLite stores', `{"a":${'['.repeat(999)}${']'.repeat(999)}}`],
    ['many flat objects', `{"a":[${'{},'.repeat(5_000)}{}]}`],
    ['exactly 1 MiB', `{"a":"${'x'.repeat(maxPayloadBytes - 8)}"}`],
    ['exactly 1 MiB in two-byte letters', `{"a":"${'é'.repeat((maxPayloadBytes - 8) / 2)}"}`],
  ])('passes with %s', (_, text) => {
    expect(ofPayload(text)).toBeNull();
  });

  test.each([
    ['U+0000 in a value', String.raw`{"a":"x\u0000"}`, /^payload holds U\+0000/],
    ['U+0000 in a key', String.raw`{"\u0000":1}`, /^payload holds U\+0000/],
    ['U+0000 after an escaped backslash', String.raw`{"a":"\\\u0000"}`, /^payload holds U\+0000/],
    ['a lone high surrogate', String.raw`{"a":"\ud800"}`, /^payload holds half of a surrogate pair/],
    ['a lone low surrogate', String.raw`{"a":"\uDE00"}`, /half of a surrogate pair/],
    ['two high surrogates', String.raw`{"a":"\ud83d\ud83d\ude00"}`, /half of a surrogate pair/],
    [
      'a high surrogate and an escaped backslash',
      String.raw`{"a":"\ud83d\\ude00"}`,
      /half of a surrogate pair/,
    ],
    ['a lone surrogate in a key', String.raw`{"\ud800":1}`, /half of a surrogate pair/],
    ['a raw lone surrogate', '{"a":"\ud800"}', /half of a surrogate pair/],
    ['1e200000', '{"a":[1,1e200000]}', /holds the number 1e200000, beyond what PostgreSQL can store/],
    ['1E+131072', '{"a":1E+131072}', /beyond what PostgreSQL/],
    ['a negative one', '{"a":-1e131072}', /beyond what PostgreSQL/],
    ['1e-16384', '{"a":1e-16384}', /beyond what PostgreSQL/],
    ['a zero with too many decimals', '{"a":0e-16384}', /beyond what PostgreSQL/],
    ['an exponent that no integer holds', '{"a":0e99999999999999999999}', /beyond what PostgreSQL/],
    ['a number of 131073 digits', `{"a":${digits(131_073)}}`, /the number 7{24}\.\.\., beyond/],
    ['16384 digits after the point', `{"a":0.${digits(16_384)}}`, /beyond what PostgreSQL/],
    ['nesting that SQLite refuses', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`, /nests deeper than 1000/],
    ['one byte more than 1 MiB', `{"a":"${'x'.repeat(maxPayloadBytes - 7)}"}`, /larger than 1048576 bytes/],
    ['few letters of many bytes', `{"a":"${'東'.repeat(maxPayloadBytes / 3)}"}`, /larger than 1048576 bytes/],
    ['a list', '[1]', /not a JSON object/],
    ['a string', '"x"', /not a JSON object/],
    ['nothing', '', /not a JSON object/],
  ])('is refused with %s', (_, text, message) => {
    expect(ofPayload(text)).toMatch(message);
  });

  test('that was no JSON is refused', () => {
    expect(problem({ payloadText: null })).toBe('payload is not valid JSON');
  });
});

describe.each([
  ['event type', 'eventType'],
  ['business id', 'businessId'],
] as const)('a %s', (field, name) => {
  test.each([
    'a',
    'invoice created',
    ' outer blanks ',
    'Größe',
    '東京',
    '👩‍👩‍👧',
    '😀'.repeat(255),
    'x'.repeat(255),
  ])('passes: %s', (value) => {
    expect(problem({ [name]: value })).toBeNull();
  });

  test.each([
    ['nothing', '', 'is blank'],
    ['blanks', '  ', 'is blank'],
    ['blanks that only Unicode knows', '\u00a0\u2003', 'is blank'],
    ['NUL', 'a\u0000', 'cannot be printed'],
    ['a line break', 'a\nb', 'cannot be printed'],
    ['a control character beyond ASCII', 'a\u0085', 'cannot be printed'],
    ['half of a surrogate pair', 'a\ud800', 'cannot be printed'],
    ['256 characters', 'x'.repeat(256), 'longer than 255'],
  ])('is refused with %s', (_, value, message) => {
    expect(problem({ [name]: value })).toMatch(`${field} `);
    expect(problem({ [name]: value })).toMatch(message);
  });
});

describe('headers', () => {
  const ofHeaders = (headers: unknown) => problem({ headersText: JSON.stringify(headers) });

  test.each([
    [{}],
    [{ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }],
    [{ 'X-Tenant': 'Acme Corp\t(main)', "!#$%&'*+.^_`|~09azAZ-": '' }],
    [{ 'X-Convoy': 'not one of theirs', 'Content-Language': 'de' }],
  ])('pass: %j', (headers) => {
    expect(ofHeaders(headers)).toBeNull();
  });

  test.each([
    ['an empty name', { '': 'x' }, 'not a legal HTTP header name'],
    ['a blank in a name', { 'X Tenant': 'x' }, '"X Tenant" is not a legal HTTP header name'],
    ['a colon in a name', { 'X:': 'x' }, 'not a legal HTTP header name'],
    ['a letter beyond ASCII in a name', { Größe: 'x' }, 'not a legal HTTP header name'],
    ['a line break in a value', { 'X-A': 'a\r\nX-B: b' }, '"X-A" holds a line break'],
    ['NUL in a value', { 'X-A': '\u0000' }, '"X-A" holds'],
    ['a letter beyond ASCII in a value', { 'X-A': 'é' }, 'not printable ASCII'],
    ['a number as a value', { 'X-A': 1 }, 'not a string'],
    ["Convoy's own content type", { 'content-TYPE': 'text/plain' }, 'Convoy sets "content-TYPE" itself'],
    ["Convoy's own user agent", { 'User-Agent': 'me' }, 'Convoy sets'],
    ["Convoy's own encoding", { 'Accept-Encoding': 'br' }, 'Convoy sets'],
    ["Convoy's own signature", { 'x-convoy-signature': 'forged' }, 'Convoy sets'],
    ['too many bytes', { 'X-A': 'x'.repeat(maxHeadersBytes) }, 'larger than'],
    ['a list', ['X-A'], 'not a JSON object'],
    ['null', null, 'not a JSON object'],
  ])('are refused with %s', (_, headers, message) => {
    expect(ofHeaders(headers)).toMatch(/^headers/);
    expect(ofHeaders(headers)).toContain(message);
  });

  test('that are no JSON are refused', () => {
    expect(problem({ headersText: '{' })).toMatch(/^headers are not a JSON object/);
  });
});

describe('an idempotency key', () => {
  test.each(['a', '01a20a43~r2', 'x'.repeat(255)])('passes: %s', (idempotencyKey) => {
    expect(problem({ idempotencyKey })).toBeNull();
  });

  test.each(['', ' a', 'a b', 'a\n', 'é', 'x'.repeat(256)])('is refused: %j', (idempotencyKey) => {
    expect(problem({ idempotencyKey })).toMatch(/^idempotency key/);
  });

  test('is not missed before the database has made one', () => {
    const { idempotencyKey: _, ...unsaved } = sound;
    expect(problemOfEvent(unsaved)).toBeNull();
  });
});
