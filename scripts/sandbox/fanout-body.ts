// Reads the body of a fanout request and refuses it in Convoy's words. What Convoy accepts and then never delivers
// is not refused here: that is the event's fate.
import { type JsonMember, type JsonScan, scanJson } from './json-scan.ts';
import type { JsonRemarks } from './json-tokens.ts';

/** An event as posted. */
export interface FanoutEvent {
  /** The idempotency key; empty when there is none or only blanks, which protects nothing. */
  readonly key: string;
  readonly owner: string;
  readonly type: string;
  /** The bytes of the `data` value, exactly as they came. */
  readonly data: Buffer;
  readonly dataRemarks: JsonRemarks;
  readonly customHeaders: Readonly<Record<string, string>>;
}

export type FanoutBody =
  | { readonly kind: 'event'; readonly event: FanoutEvent }
  /** 400 with this message. */
  | { readonly kind: 'refused'; readonly message: string };

/** Reads `bytes`. Unknown fields are ignored. */
export function readFanoutBody(bytes: Buffer): FanoutBody {
  if (bytes.length === 0) return refused('body must not be empty');
  const scan = scanJson(bytes);
  if (scan.kind !== 'object') return refused(complaintAbout(scan));
  const { members } = scan;
  const mistyped = [...expectedTypes].find(([name, type]) => !isOfType(members.get(name), type));
  if (mistyped !== undefined) return refused(wrongType(mistyped[0]));
  const owner = textOf(bytes, members.get('owner_id'));
  const type = textOf(bytes, members.get('event_type'));
  const key = textOf(bytes, members.get('idempotency_key'));
  const data = members.get('data');
  if (owner === '' || type === '' || data === undefined) {
    return refused(missing({ owner_id: owner === '', event_type: type === '', data: data === undefined }));
  }
  // Convoy asks PostgreSQL about the owner and the key at once, and PostgreSQL has no NUL.
  if (owner.includes('\0') || key.includes('\0')) {
    return refused('ERROR: invalid byte sequence for encoding "UTF8": 0x00 (SQLSTATE 22021)');
  }
  const customHeaders = headersOf(bytes, members.get('custom_headers'));
  if (customHeaders === null) return refused(wrongType('custom_headers'));
  return {
    kind: 'event',
    event: {
      key: key.trim() === '' ? '' : key,
      owner,
      type,
      data: bytes.subarray(data.start, data.end),
      dataRemarks: data.remarks,
      customHeaders,
    },
  };
}

const expectedTypes: ReadonlyMap<string, JsonMember['type']> = new Map([
  ['owner_id', 'string'],
  ['event_type', 'string'],
  ['idempotency_key', 'string'],
  ['custom_headers', 'object'],
]);

const missingTexts: ReadonlyMap<string, string> = new Map([
  ['owner_id', 'owner_id:please provide an owner id'],
  ['event_type', 'event_type:please provide an event type'],
  ['data', 'data:please provide your data'],
]);

const noHeaders: Readonly<Record<string, string>> = {};

function refused(message: string): FanoutBody {
  return { kind: 'refused', message };
}

function complaintAbout(scan: Exclude<JsonScan, { kind: 'object' }>): string {
  switch (scan.kind) {
    case 'truncated':
      return 'body contains badly-formed JSON';
    case 'malformed':
      return `body contains badly-formed JSON (at character ${scan.atCharacter})`;
    case 'not-object':
      // Go takes a bare null for an object without members.
      return scan.type === 'null'
        ? missing({ owner_id: true, event_type: true, data: true })
        : 'body contains incorrect JSON type (at character 1)';
    default:
      return scan satisfies never;
  }
}

function wrongType(field: string): string {
  return `body contains incorrect JSON type for field "${field}"`;
}

/** The complaints about missing fields, in random order, as Go walks its maps. */
function missing(isMissing: Readonly<Record<string, boolean>>): string {
  const texts = [...missingTexts].filter(([name]) => isMissing[name]).map(([, text]) => text);
  const rotation = Math.floor(Math.random() * texts.length);
  return [...texts.slice(rotation), ...texts.slice(0, rotation)].join(', ');
}

/** Null counts as absent, as in Go. */
function isOfType(member: JsonMember | undefined, type: JsonMember['type']): boolean {
  return member === undefined || member.type === type || member.type === 'null';
}

/**
 * A text decoded into a string of its own: a slice of a bigger string would keep the whole body in memory for as
 * long as the key is remembered. Lone surrogates become U+FFFD, as in Go.
 */
function textOf(bytes: Buffer, member: JsonMember | undefined): string {
  if (member === undefined || member.type !== 'string') return '';
  const text = String(JSON.parse(bytes.toString('utf8', member.start, member.end)));
  return member.remarks.hasLoneSurrogate ? Buffer.from(text).toString() : text;
}

function headersOf(bytes: Buffer, member: JsonMember | undefined): Readonly<Record<string, string>> | null {
  if (member === undefined || member.type !== 'object') return noHeaders;
  const entries = Object.entries<unknown>(JSON.parse(bytes.toString('utf8', member.start, member.end)));
  const headers: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (typeof value !== 'string' && value !== null) return null;
    headers[name] = value ?? '';
  }
  return headers;
}
