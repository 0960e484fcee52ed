// Checks that bytes are one JSON document and finds the members of its top-level object as spans of the original
// bytes, in one pass. It builds no values: a span is decoded by whoever needs it, and `data` never is.
import { brokenJson, type JsonRemarks, JsonTokens, jsonBytes } from './json-tokens.ts';

export type JsonType = 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object';

/** One member of the top-level object: its value is bytes `start` (inclusive) to `end` (exclusive). */
export interface JsonMember {
  readonly start: number;
  readonly end: number;
  readonly type: JsonType;
  readonly remarks: JsonRemarks;
}

/** What the bytes turned out to be. `atCharacter` counts bytes from 1, the offending one included. */
export type JsonScan =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonMember> }
  | { readonly kind: 'not-object'; readonly type: JsonType }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'malformed'; readonly atCharacter: number };

/** Deeper nesting counts as malformed, as in Go's decoder. */
const MAX_DEPTH = 10_000;

/** Scans `bytes`. A name that comes twice counts with its last value. Never throws. */
export function scanJson(bytes: Buffer): JsonScan {
  const tokens = new JsonTokens(bytes);
  try {
    return scanDocument(tokens, bytes);
  } catch (problem) {
    if (problem !== brokenJson) throw problem;
    return tokens.at >= bytes.length
      ? { kind: 'truncated' }
      : { kind: 'malformed', atCharacter: tokens.at + 1 };
  }
}

function scanDocument(tokens: JsonTokens, bytes: Buffer): JsonScan {
  tokens.skipBlanks();
  const type = typeOf(tokens.peek());
  const members = new Map<string, JsonMember>();
  if (type === 'object') scanMembers({ tokens, bytes, members });
  else skipValue(tokens, 0);
  tokens.skipBlanks();
  if (tokens.peek() !== -1) throw brokenJson;
  return type === 'object' ? { kind: 'object', members } : { kind: 'not-object', type };
}

interface MemberScan {
  readonly tokens: JsonTokens;
  readonly bytes: Buffer;
  readonly members: Map<string, JsonMember>;
}

function scanMembers(scan: MemberScan): void {
  const { tokens } = scan;
  tokens.take(jsonBytes.openObject);
  tokens.skipBlanks();
  if (tokens.peek() !== jsonBytes.closeObject) {
    do scanMember(scan);
    while (tookComma(tokens));
  }
  tokens.take(jsonBytes.closeObject);
}

function scanMember({ tokens, bytes, members }: MemberScan): void {
  tokens.skipBlanks();
  const nameStart = tokens.at;
  tokens.string();
  const name = String(JSON.parse(bytes.toString('utf8', nameStart, tokens.at)));
  tokens.skipBlanks();
  tokens.take(jsonBytes.colon);
  tokens.skipBlanks();
  tokens.forget();
  const start = tokens.at;
  const type = typeOf(tokens.peek());
  skipValue(tokens, 1);
  members.set(name, { start, end: tokens.at, type, remarks: tokens.remarks() });
}

function tookComma(tokens: JsonTokens): boolean {
  tokens.skipBlanks();
  if (tokens.peek() !== jsonBytes.comma) return false;
  tokens.at++;
  return true;
}

/** Steps over one whole value. A loop with its own stack, so that nesting costs no call frames. */
function skipValue(tokens: JsonTokens, depth: number): void {
  const closings: number[] = [];
  do {
    tokens.skipBlanks();
    const byte = tokens.peek();
    if (byte === jsonBytes.openObject || byte === jsonBytes.openArray) {
      if (depth + closings.length >= MAX_DEPTH) throw brokenJson;
      tokens.at++;
      tokens.skipBlanks();
      const closing = byte === jsonBytes.openObject ? jsonBytes.closeObject : jsonBytes.closeArray;
      closings.push(closing);
      if (tokens.peek() !== closing) {
        if (closing === jsonBytes.closeObject) skipName(tokens);
        continue;
      }
    } else tokens.scalar();
    closeContainers(tokens, closings);
  } while (closings.length > 0);
}

/** After a value: leaves the containers that end here, up to the place of the next value or the end of the whole. */
function closeContainers(tokens: JsonTokens, closings: number[]): void {
  while (closings.length > 0) {
    tokens.skipBlanks();
    const closing = closings[closings.length - 1] ?? -1;
    if (tokens.peek() === jsonBytes.comma) {
      tokens.at++;
      if (closing === jsonBytes.closeObject) skipName(tokens);
      return;
    }
    tokens.take(closing);
    closings.pop();
  }
}

function skipName(tokens: JsonTokens): void {
  tokens.skipBlanks();
  tokens.string();
  tokens.skipBlanks();
  tokens.take(jsonBytes.colon);
}

function typeOf(byte: number): JsonType {
  switch (byte) {
    case jsonBytes.openObject:
      return 'object';
    case jsonBytes.openArray:
      return 'array';
    case jsonBytes.quote:
      return 'string';
    case 0x74:
    case 0x66:
      return 'boolean';
    case 0x6e:
      return 'null';
    default:
      return 'number';
  }
}
