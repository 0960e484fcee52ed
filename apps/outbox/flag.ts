// What a setting is: plain data with a parser, from which the command line, the environment and the documentation
// are all made. Parsers return the value or say what they expected.
import { formatDuration, parseDuration } from './duration.ts';

/** The value, or what was expected instead (completing "expected ..."). */
export type Parsed<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'expected'; readonly text: string };

/** One setting. Its command-line name is its key in the definition object, in kebab case there already. */
export interface Flag<Value> {
  /** Environment variable of the same meaning. */
  readonly variable: string;
  /** One sentence for `--help` and the documentation. */
  readonly describe: string;
  /** As a person would write it; absent when the setting is optional. */
  readonly default?: string;
  /** Never shown, and a warning is due when it is given on the command line. */
  readonly secret?: boolean;
  readonly parse: (text: string) => Parsed<Value>;
}

/** A set of flags by name, such as `poll-interval`. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

const value = <Value>(result: Value): Parsed<Value> => ({ kind: 'value', value: result });
const expected = (text: string): Parsed<never> => ({ kind: 'expected', text });

/** A duration in milliseconds between two bounds. `0` is allowed only where `minMs` is 0. */
export function duration(bounds: { readonly minMs: number; readonly maxMs: number }) {
  const range = `from ${formatDuration(bounds.minMs)} to ${formatDuration(bounds.maxMs)}`;
  return (text: string): Parsed<number> => {
    const parsed = parseDuration(text);
    if (parsed === null) return expected('a duration such as 500ms, 30s or 1m');
    return parsed < bounds.minMs || parsed > bounds.maxMs ? expected(`a duration ${range}`) : value(parsed);
  };
}

/** A whole number between two bounds. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }) {
  return (text: string): Parsed<number> => {
    const parsed = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return parsed >= bounds.min && parsed <= bounds.max
      ? value(parsed)
      : expected(`a whole number from ${bounds.min} to ${bounds.max}`);
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]) {
  return (text: string): Parsed<Word> => {
    const found = words.find((word) => word === text.trim().toLowerCase());
    return found === undefined ? expected(`one of ${words.join(', ')}`) : value(found);
  };
}

/** Any text without control characters, outer blanks removed, not blank. */
export function text(limits: { readonly maxLength: number }) {
  return (given: string): Parsed<string> => {
    const trimmed = given.trim();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (trimmed === '' || trimmed.length > limits.maxLength || /[\u0000-\u001f\u007f]/.test(trimmed)) {
      return expected(`text of 1 to ${limits.maxLength} characters on one line`);
    }
    return value(trimmed);
  };
}
