import { describe, expect, test } from 'vitest';
import { scanJson } from '../scripts/sandbox/json-scan.ts';

/** Numbers from 0 up to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const sample =
  ' {"a":[1,-0.5e+3,{"b":"\\u00e9\\n\\ud83d\\ude00"},[],{}],"data":{"x":null , "y":[true,false]},"c":"é"}\n';

describe('scanning JSON', () => {
  test('it calls JSON exactly what JSON.parse calls JSON, over thousands of damaged documents', () => {
    const seed = 20_260_101;
    const random = seeded(seed);
    const pieces = [
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '1',
      '.',
      'e',
      '-',
      '+',
      'u',
      'n',
      ' ',
      '\t',
      '\u0001',
    ];
    for (let round = 0; round < 20_000; round++) {
      let text = sample;
      for (let damage = 0; damage <= random() * 2; damage++) {
        const at = Math.floor(random() * text.length);
        const piece = random() < 0.3 ? '' : (pieces[Math.floor(random() * pieces.length)] ?? '');
        text = text.slice(0, at) + piece + text.slice(at + (random() < 0.5 ? 1 : 0));
      }
      const { kind } = scanJson(Buffer.from(text));
      const isAccepted = kind === 'object' || kind === 'not-object';
      expect(isAccepted, `seed ${seed}, round ${round}: ${JSON.stringify(text)}`).toBe(isJson(text));
    }
  });

  test('every beginning of a document is truncated, and nothing else is', () => {
    const bytes = Buffer.from(sample.trimEnd());
    for (let length = 0; length < bytes.length; length++) {
      expect(scanJson(bytes.subarray(0, length)).kind, `${length} bytes`).toBe('truncated');
    }
  });

  test('members are found as spans of the original bytes, the last of several with one name', () => {
    const bytes = Buffer.from('{"é":"ü", "data" : [1.0 ,2] ,"data":{"a":1.50}}');
    const scan = scanJson(bytes);
    const member = scan.kind === 'object' ? scan.members.get('data') : undefined;
    expect(bytes.toString('utf8', member?.start, member?.end)).toBe('{"a":1.50}');
    expect(member).toMatchObject({ type: 'object', remarks: { hasBlanks: false } });
  });

  test.each([
    ['"\\u0000"', 'hasNul'],
    ['{"\\u0000":1}', 'hasNul'],
    ['"\\ud800"', 'hasLoneSurrogate'],
    ['"\\ud800\\ud800\\udc00"', 'hasLoneSurrogate'],
    ['"\\udc00"', 'hasLoneSurrogate'],
    ['"\\ud800\\u0041"', 'hasLoneSurrogate'],
    ['[1, 2]', 'hasBlanks'],
    ['{"a":\n1}', 'hasBlanks'],
    ['1e200000', 'hasHugeNumber'],
    ['-1E+131072', 'hasHugeNumber'],
    ['1e-20000', 'hasHugeNumber'],
  ])('%s is remarked upon', (value, remark) => {
    const scan = scanJson(Buffer.from(`{ "v" : ${value} }`));
    const remarks = scan.kind === 'object' ? scan.members.get('v')?.remarks : undefined;
    const noticed = Object.entries(remarks ?? {}).filter(([, isSo]) => isSo);
    expect(noticed).toEqual([[remark, true]]);
  });

  test('ten thousand levels are read, one more is malformed, a million do not overflow anything', () => {
    const nested = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
    expect(scanJson(nested(10_000)).kind).toBe('not-object');
    expect(scanJson(nested(10_001))).toEqual({ kind: 'malformed', atCharacter: 10_001 });
    expect(scanJson(nested(1_000_000)).kind).toBe('malformed');
  });
});
