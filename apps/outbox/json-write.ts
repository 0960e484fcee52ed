// Writes a JavaScript object as compact JSON text, and refuses what JSON.stringify would turn into null, {} or nothing
// without a word. It knows nothing of events.
import { types } from 'node:util';

/** The text, or what is wrong, completing "payload ...". */
export type JsonWrite =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly text: string; readonly cause?: unknown };

/**
 * JSON text of an object. Members that are undefined are left out, as JSON does; everything else that JSON cannot say
 * is a problem: NaN and infinities (null in JSON), dates that are none (null), functions, symbols, undefined in a list (null),
 * bigints, maps, sets, promises, errors and everything else that keeps its content where JSON does not look (all `{}`), cycles, a
 * toJSON that throws.
 */
export function jsonTextOf(value: unknown): JsonWrite {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem(`is ${nameOf(value)}, not a JSON object: wrap it in one`);
  }
  try {
    const text: unknown = JSON.stringify(value, refuseLoss);
    if (typeof text === 'string' && text.startsWith('{')) return { kind: 'text', text };
    return problem('does not become a JSON object: wrap it in one');
  } catch (cause) {
    if (cause instanceof Loss) return problem(cause.message);
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return { ...problem(`cannot be written as JSON (${reason}): make it plain data`), cause };
  }
}

function problem(text: string): { readonly kind: 'problem'; readonly text: string } {
  return { kind: 'problem', text };
}

class Loss extends Error {}

/** Called for every member; `this` is the object or list that holds it, `value` what its toJSON has made of it. */
function refuseLoss(this: unknown, key: string, value: unknown): unknown {
  if (value === null && isNoDate(memberOf(this, key))) {
    throw new Loss(
      `has a date that is none in ${JSON.stringify(key)}, which JSON turns into null: leave it out`,
    );
  }
  const loss = lossOf(value, Array.isArray(this));
  if (loss === null) return value;
  throw new Loss(`has ${nameOf(value)} in ${JSON.stringify(key)}, which JSON ${loss}`);
}

function lossOf(value: unknown, inList: boolean): string | null {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? null : 'turns into null: leave it out or send text';
    case 'undefined':
      return inList ? 'turns into null: leave it out' : null;
    case 'function':
    case 'symbol':
      return 'cannot hold: leave it out';
    case 'bigint':
      return 'cannot hold: send it as text';
    case 'object':
      return losesItsContent(value)
        ? 'turns into {}: make it plain data (and await what is a promise)'
        : null;
    default:
      return null;
  }
}

/** The first three may have members of their own, and what they are about is not among them. */
function losesItsContent(value: object | null): boolean {
  if (value === null || Array.isArray(value)) return false;
  const isAboutMore = types.isMap(value) || types.isSet(value) || types.isNativeError(value);
  return isAboutMore || (!isPlain(value) && Object.keys(value).length === 0);
}

/** Made by braces or without a prototype, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function memberOf(holder: unknown, key: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined;
}

function isNoDate(value: unknown): boolean {
  return types.isDate(value) && Number.isNaN(value.getTime());
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${value.constructor?.name ?? 'object'}`;
}
