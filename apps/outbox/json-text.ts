// Finds in JSON text what a JSON parser accepts and PostgreSQL's jsonb, where Convoy keeps events, does not: U+0000,
// lone surrogates, numbers beyond its numeric type. It reads valid, compact text; it does not validate JSON.

/** SQLite's own parser refuses deeper nesting (JSON_MAX_DEPTH), so that such a row could never be stored. */
const deepestNesting = 1000;
/** Decimal digits before and after the point that PostgreSQL's numeric can hold (its documentation, section 8.1.2). */
const mostWholeDigits = 131_072;
const mostFractionDigits = 16_383;
/** PostgreSQL refuses a greater exponent before it looks at the digits (numeric.c: INT_MAX / 2). */
const greatestExponent = 1_073_741_822;

/** An escape of U+0000 or of a surrogate. */
const badEscape = /\\u(?:0000|[dD][89a-fA-F])/;
/** With fewer digits, in an exponent or in a row, no number is out of range. Five times `\d`: with `{5}` V8 takes four times as long. */
const longExponent = /[eE][+-]?\d\d\d\d\d/;
const longDigits = 1_000;
const digitsInARow = new RegExp(`(?<!\\d)\\d{${longDigits}}`);

/** What is wrong with the text, completing "payload ...", or null. */
export function problemOfJsonText(text: string): string | null {
  return isSuspicious(text) || mayNestTooDeep(text) ? scan(text) : null;
}

/** The whole cost of an ordinary payload: some 0.13 us for 475 bytes, once warm. */
function isSuspicious(text: string): boolean {
  return (
    (text.includes('\\u') && badEscape.test(text)) ||
    longExponent.test(text) ||
    (text.length >= longDigits && digitsInARow.test(text)) ||
    !text.isWellFormed()
  );
}

function mayNestTooDeep(text: string): boolean {
  if (text.length <= 2 * deepestNesting) return false;
  let left = deepestNesting;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return true;
    }
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;

function scan(text: string): string | null {
  if (!text.isWellFormed()) return surrogateProblem;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      const problem = problemOfString(text.slice(at, end));
      if (problem !== null) return problem;
      at = end;
    } else if (isDigit(code)) {
      const end = endOfNumber(text, at);
      const problem = problemOfNumber(text.slice(at, end));
      if (problem !== null) return problem;
      at = end - 1;
    } else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepestNesting) return `nests deeper than ${deepestNesting} levels: flatten it`;
    } else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
    }
  }
  return null;
}

/** The index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) {
    at += text.charCodeAt(at) === backslash ? 2 : 1;
  }
  return at;
}

const surrogateProblem =
  'holds half of a surrogate pair (a cut-off emoji, for instance), which Convoy accepts and never delivers: repair the text';

function problemOfString(literal: string): string | null {
  for (let at = literal.indexOf('\\'); at !== -1; at = literal.indexOf('\\', at + 2)) {
    if (literal.charAt(at + 1) !== 'u') continue;
    const unit = unitAt(literal, at);
    if (unit === 0) return 'holds U+0000, which Convoy accepts and never delivers: remove it';
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const isPair = unit < 0xdc00 && literal.startsWith('\\u', at + 6) && isLow(unitAt(literal, at + 6));
    if (!isPair) return surrogateProblem;
    at += 6;
  }
  return null;
}

/** The code unit that the escape `\uXXXX` at `at` stands for. */
function unitAt(literal: string, at: number): number {
  return Number.parseInt(literal.slice(at + 2, at + 6), 16);
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The index after the number at `start`. The sign is not part of it: it changes nothing. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && '0123456789.eE+-'.includes(text.charAt(at))) at += 1;
  return at;
}

/** The range as PostgreSQL computes it: digits count where they stand after the exponent has moved the point. */
function problemOfNumber(number: string): string | null {
  const parts = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number);
  if (parts === null) return null;
  const [, whole = '', fraction = '', exponentText = '0'] = parts;
  const exponent = Number(exponentText);
  const firstDigit = `${whole}${fraction}`.search(/[1-9]/);
  const wholeDigits = firstDigit === -1 ? 0 : whole.length - firstDigit + exponent;
  const fractionDigits = fraction.length - exponent;
  if (
    Math.abs(exponent) <= greatestExponent &&
    wholeDigits <= mostWholeDigits &&
    fractionDigits <= mostFractionDigits
  ) {
    return null;
  }
  const shown = number.length > 24 ? `${number.slice(0, 24)}...` : number;
  return `holds the number ${shown}, beyond what PostgreSQL can store, which Convoy accepts and never delivers: send it as text`;
}
