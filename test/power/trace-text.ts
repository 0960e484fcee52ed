// The bytes of a string as strace prints it: all in hexadecimal when one of them is not printable, else with C's escapes.

const named: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

/** The bytes between the quotes of a string in a trace made with -x. */
export function decodeText(text: string): Buffer {
  if (text.startsWith('\\x')) return Buffer.from(text.replaceAll('\\x', ''), 'hex');
  const plain = text.replaceAll(/\\([0-7]{1,3}|.)/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (named[escaped] ?? escaped),
  );
  return Buffer.from(plain, 'latin1');
}
