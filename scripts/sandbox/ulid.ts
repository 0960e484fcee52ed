// Identifiers as Convoy makes them for its rows: 26 characters that sort by the moment of intake.

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID of `atMs` (epoch); `nth` takes the place of chance, so that the same ledger gives the same ids again. */
export function ulidOf(given: { readonly atMs: number; readonly nth: number }): string {
  return encode(given.atMs, 10) + encode(given.nth, 16);
}

function encode(value: number, length: number): string {
  let text = '';
  for (let rest = Math.max(0, Math.floor(value)); text.length < length; rest = Math.floor(rest / 32)) {
    text = (alphabet[rest % 32] ?? '0') + text;
  }
  return text;
}
