// Convoy's webhook signature: how it is made, and how a receiver checks it. The check works on the raw body, before
// anything is parsed.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** A signature older or newer than this is refused, so that a captured webhook cannot be sent again later. */
export const MAX_SIGNATURE_AGE_MS = 300_000;

/** The value of X-Convoy-Signature for `body`. */
export function signatureHeader(given: {
  readonly secret: string;
  readonly body: Buffer;
  readonly nowMs: number;
}): string {
  const seconds = String(Math.floor(given.nowMs / 1000));
  return `t=${seconds},v1=${digest(given.secret, seconds, given.body)}`;
}

export type SignatureVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'refused'; readonly reason: 'missing' | 'malformed' | 'too old or too new' | 'wrong' };

/** Checks `header` against the raw body. Any of several `v1`, `v2`... may match: there are two while secrets change. */
export function verifySignature(given: {
  readonly header: string | undefined;
  readonly secret: string;
  readonly rawBody: Buffer;
  readonly nowMs: number;
}): SignatureVerdict {
  if (given.header === undefined || given.header === '') return { kind: 'refused', reason: 'missing' };
  const parts = given.header.split(',').map((part): readonly [string, string] => {
    const equals = part.indexOf('=');
    return [part.slice(0, Math.max(0, equals)), part.slice(equals + 1)];
  });
  const seconds = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!/^\d{1,12}$/.test(seconds)) return { kind: 'refused', reason: 'malformed' };
  const wanted = Buffer.from(digest(given.secret, seconds, given.rawBody));
  const isRight = parts.some(([name, value]) => /^v\d+$/.test(name) && isSame(Buffer.from(value), wanted));
  if (!isRight) return { kind: 'refused', reason: 'wrong' };
  const isTimely = Math.abs(given.nowMs - Number(seconds) * 1000) <= MAX_SIGNATURE_AGE_MS;
  return isTimely ? { kind: 'valid' } : { kind: 'refused', reason: 'too old or too new' };
}

function digest(secret: string, seconds: string, body: Buffer): string {
  return createHmac('sha256', secret).update(`${seconds},`).update(body).digest('hex');
}

function isSame(value: Buffer, wanted: Buffer): boolean {
  return value.length === wanted.length && timingSafeEqual(value, wanted);
}
