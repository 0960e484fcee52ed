// What becomes of an event that Convoy has accepted. Some are never delivered although the answer was 201; they are
// told apart here, by content alone.
import { isUtf8 } from 'node:buffer';
import { validateHeaderName } from 'node:http';
import type { FanoutEvent } from './fanout-body.ts';

/**
 * `delivered`: what it should be. `badly-signed`: delivered, but the receiver's signature check fails.
 * `undeliverable`: the row says Success, every delivery fails. `unmatched`: the row says Failure, the key is burnt.
 * `stuck`: the row says Retry for ever, the key is burnt. `no-row`: nothing is ever stored, the key stays free.
 * `lost`: nothing was stored, by a fault and not by content; the same event may be sent again.
 */
export type Fate = 'delivered' | 'badly-signed' | 'undeliverable' | 'unmatched' | 'stuck' | 'no-row' | 'lost';

/** The longest idempotency key that PostgreSQL's index takes, when it does not compress. */
const MAX_KEY_BYTES = 2690;

/** The fate of `event`; `hasEndpoint` says whether its owner has one. */
export function fateOf(event: FanoutEvent, hasEndpoint: boolean): Fate {
  const { dataRemarks, key } = event;
  if (event.type.trim() === '' || event.type.includes('\0')) return 'no-row';
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) return 'no-row';
  const headers = Object.entries(event.customHeaders);
  if (headers.some(([, value]) => value.includes('\0'))) return 'no-row';
  const isUnstorable = dataRemarks.hasNul || dataRemarks.hasLoneSurrogate || dataRemarks.hasHugeNumber;
  if (isUnstorable || !isUtf8(event.data)) return 'stuck';
  if (!hasEndpoint) return 'unmatched';
  if (/[\r\n]/.test(key) || !headers.every(isLegalHeader)) return 'undeliverable';
  return dataRemarks.hasBlanks ? 'badly-signed' : 'delivered';
}

function isLegalHeader([name, value]: [string, string]): boolean {
  try {
    validateHeaderName(name);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value);
  } catch {
    return false;
  }
}
