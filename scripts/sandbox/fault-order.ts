// Reads a fault from JSON that came over the control API, and says in one sentence what is wrong with a bad one.
// It switches nothing on.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { FaultKind, FaultOrder } from './fault.ts';

/** The order, or what is wrong with it. */
export type ReadOrder =
  | { readonly kind: 'order'; readonly order: FaultOrder }
  | { readonly kind: 'invalid'; readonly message: string };

/** Reads one fault. Unknown fields, missing ones and values out of range are all refused. */
export function readFaultOrder(value: unknown): ReadOrder {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('a fault is a JSON object with a "kind"');
  }
  const given = new Map<string, unknown>(Object.entries(value));
  const kind = given.get('kind');
  const ownFields =
    typeof kind === 'string' && Object.hasOwn(fields, kind) ? fields[kind as FaultKind] : null;
  if (ownFields === null) return invalid(`"kind" must be one of ${Object.keys(fields).join(', ')}`);
  const allowed: Fields = { ...ownFields, ...scopeFields };
  for (const [name, field] of Object.entries(allowed)) {
    const isMissing = !given.has(name);
    if (isMissing && field.required) return invalid(`"${name}" is missing: ${field.expected}`);
    if (!isMissing && !field.accepts(given.get(name))) return invalid(`"${name}" must be ${field.expected}`);
  }
  for (const name of given.keys()) {
    if (name !== 'kind' && !Object.hasOwn(allowed, name)) {
      return invalid(`"${name}" means nothing for ${kind}: it takes ${Object.keys(allowed).join(', ')}`);
    }
  }
  if (kind === 'reset' && (given.has('key') || given.has('owner'))) {
    return invalid('"reset" comes before the body is read: it cannot choose by key or owner');
  }
  return { kind: 'order', order: value as FaultOrder };
}

interface Field {
  readonly required?: boolean;
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

type Fields = Readonly<Record<string, Field>>;

const MAX_DELAY_MS = 3_600_000;
const MAX_REPLY_BYTES = 1_000_000_000;

const text: Field = { expected: 'a string', accepts: (value) => typeof value === 'string' };
const flag: Field = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' };
const headerFields: Field = {
  expected: 'an object of legal header names and string values, without Content-Length and Transfer-Encoding',
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(isLegalHeader),
};

const fields: Readonly<Record<FaultKind, Fields>> = {
  status: {
    status: { ...wholeNumber(200, 599), required: true },
    message: text,
    body: text,
    headers: headerFields,
  },
  slow: { delayMs: { ...wholeNumber(0, MAX_DELAY_MS), required: true } },
  hang: {},
  'hang-after-accepting': {},
  reset: {},
  'reset-after-accepting': {},
  'lost-reply': {},
  garbage: {
    shape: { ...oneOf(['html-201', 'truncated-json-201', 'html-200', 'status-false-201']), required: true },
    stored: flag,
  },
  redirect: { status: oneOf([301, 302, 303, 307, 308]), location: headerText() },
  drip: {
    everyMs: { ...wholeNumber(1, MAX_DELAY_MS), required: true },
    pieceBytes: wholeNumber(1, MAX_REPLY_BYTES),
  },
  'huge-reply': { replyBytes: wholeNumber(1, MAX_REPLY_BYTES), stored: flag },
  forget: {},
  'accepted-lost': {},
};

const scopeFields: Fields = {
  probability: {
    expected: 'a number above 0 and up to 1',
    accepts: (value) => typeof value === 'number' && value > 0 && value <= 1,
  },
  remaining: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  key: text,
  owner: text,
  traffic: oneOf(['events', 'reads', 'all']),
};

function invalid(message: string): ReadOrder {
  return { kind: 'invalid', message };
}

function wholeNumber(min: number, max: number): Field {
  return {
    expected: `a whole number from ${min} to ${max}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

function oneOf(values: readonly (string | number)[]): Field {
  return {
    expected: `one of ${values.join(', ')}`,
    accepts: (value) => values.some((allowed) => allowed === value),
  };
}

function headerText(): Field {
  return { expected: 'a legal header value', accepts: (value) => isLegalHeader(['location', value]) };
}

function isLegalHeader([name, value]: [string, unknown]): boolean {
  if (typeof value !== 'string' || /^(content-length|transfer-encoding)$/i.test(name)) return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
