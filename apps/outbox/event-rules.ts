// What Convoy answers 201 to and then never delivers is refused here, before it can be committed or sent. Pure: texts
// in, a sentence out. It does not know where the event came from.
import { problemOfJsonText } from './json-text.ts';

/** An event as it would be sent. */
export interface EventText {
  readonly businessId: string;
  readonly eventType: string;
  /** Compact JSON text; null when it was no valid JSON. */
  readonly payloadText: string | null;
  /** JSON text of an object of strings, or null for none. */
  readonly headersText: string | null;
  /** Absent while the database has not made it yet. */
  readonly idempotencyKey?: string;
}

/** 1 MiB: Convoy takes about 1.2 ms per KB, so that larger bodies run into every timeout on the way. */
export const maxPayloadBytes = 1_048_576;
/** Receivers commonly refuse more than 8 KiB of headers, and Convoy's own share that space. */
export const maxHeadersBytes = 6_144;
const maxNameCharacters = 255;

/**
 * What is wrong with an event, naming the field and what to do, or null when Convoy can deliver it. Cheap enough to ask
 * before every first send: an ordinary event of 500 bytes costs some 0.3 us once warm, one with escapes or huge numbers up to
 * 10 ns a byte. Sources: Convoy 26.7.3 as measured (what it accepts and never delivers), RFC 9110 for header fields.
 */
export function problemOfEvent(event: EventText): string | null {
  return (
    problemOfName('business id', event.businessId) ??
    problemOfName('event type', event.eventType) ??
    problemOfPayload(event.payloadText) ??
    problemOfHeaders(event.headersText) ??
    problemOfKey(event.idempotencyKey)
  );
}

/** The database may hold a blob in a text column (a CHECK can be switched off), and plain JavaScript may pass anything. */
function problemOfName(field: string, name: unknown): string | null {
  if (typeof name !== 'string') return `${field} is not a text`;
  if (/^[!-~]{1,255}$/.test(name)) return null;
  if (name.trim() === '') return `${field} is blank: Convoy drops such an event without a trace`;
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) return `${field} holds a character that cannot be printed`;
  if ([...name].length > maxNameCharacters)
    return `${field} is longer than ${maxNameCharacters} characters: shorten it`;
  return null;
}

function problemOfPayload(text: string | null): string | null {
  if (text === null) return 'payload is not valid JSON';
  if (!text.startsWith('{')) return 'payload is not a JSON object: wrap it in one';
  if (isLonger(text, maxPayloadBytes)) {
    return `payload is larger than ${maxPayloadBytes} bytes: send a reference instead`;
  }
  const problem = problemOfJsonText(text);
  return problem === null ? null : `payload ${problem}`;
}

/** Whether the text takes more bytes in UTF-8; counts them only when it might. */
function isLonger(text: string, limitBytes: number): boolean {
  return text.length * 3 > limitBytes && Buffer.byteLength(text) > limitBytes;
}

/** Convoy sets these itself and drops a custom header of the same name without a word. */
const convoysOwnHeaders = /^(?:content-type|user-agent|accept-encoding|x-convoy-.*)$/i;
/** An HTTP token (RFC 9110, 5.6.2): one illegal name makes every delivery of the event fail. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,255}$/;
/** Visible ASCII, inner blanks and tabs (RFC 9110, 5.5, without the deprecated obs-text). */
const headerValue = /^[\t -~]*$/;

function problemOfHeaders(text: unknown): string | null {
  if (text === null) return null;
  if (typeof text !== 'string') return 'headers are not a text';
  if (isLonger(text, maxHeadersBytes)) return `headers are larger than ${maxHeadersBytes} bytes: send fewer`;
  const headers = parsed(text);
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    return 'headers are not a JSON object of names and values';
  }
  for (const [name, value] of Object.entries(headers)) {
    const shown = JSON.stringify(name.slice(0, 40));
    if (!headerName.test(name)) return `headers: ${shown} is not a legal HTTP header name`;
    if (convoysOwnHeaders.test(name)) return `headers: Convoy sets ${shown} itself: use another name`;
    if (typeof value !== 'string') return `headers: the value of ${shown} is not a string`;
    if (!headerValue.test(value)) {
      return `headers: the value of ${shown} holds a line break or a character that is not printable ASCII: encode it`;
    }
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOfKey(key: string | undefined): string | null {
  if (key === undefined || /^[!-~]{1,255}$/.test(key)) return null;
  return 'idempotency key is not 1 to 255 printable ASCII characters without blanks';
}
