// Writes a JavaScript object as compact JSON text, and refuses what JSON.stringify would turn into null, {} or nothing
// without a word. It knows nothing of events.
import { types } from 'node:util';

/** The text, or what is wrong, completing "payload ...". */
export type JsonWrite =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly text: string; readonly cause?: unknown };

/**
 * JSON text of an object. Members that are undefined are left out, as JSON does; everything else that JSON cannot say
 * is a problem: NaN and infinities (null in JSON), functions, symbols, undefined in a list (null), bigints, maps, sets,
 * promises and errors (all `{}`), cycles, a toJSON that throws.
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

/** Called for every member; `this` is the object or list that holds it. */
function refuseLoss(this: unknown, key: string, value: unknown): unknown {
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

function losesItsContent(value: object | null): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isPromise(value) ||
    types.isNativeError(value) ||
    types.isRegExp(value)
  );
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${value.constructor?.name ?? 'object'}`;
}
