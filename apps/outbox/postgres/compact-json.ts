// The payload as it is sent: the stored text without the whitespace between its parts. SQLite's json() does this in the database;
// PostgreSQL cannot, since json keeps whitespace and jsonb reorders members and rewrites numbers. It changes nothing else.

/** The text compact, numbers and escapes as they were spelled; null when it is not JSON. */
export function compactJson(text: string): string | null {
  if (!isJson(text)) return null;
  return besideStructure.test(text) ? withoutWhitespace(text) : text;
}

/** Whitespace between parts of valid JSON has a bracket, comma or colon, or an end of the text, on one side. Text in strings may look alike. */
const besideStructure = /[[\]{},:][ \t\n\r]|[ \t\n\r][[\]{},:]|^[ \t\n\r]|[ \t\n\r]$/;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutWhitespace(text: string): string {
  let compact = '';
  let at = 0;
  for (let open = text.indexOf('"'); open !== -1; open = text.indexOf('"', at)) {
    const next = afterString(text, open);
    compact += text.slice(at, open).replaceAll(/[ \t\n\r]+/g, '') + text.slice(open, next);
    at = next;
  }
  return compact + text.slice(at).replaceAll(/[ \t\n\r]+/g, '');
}

/** The index after the closing quote of the string that opens at `open`. */
function afterString(text: string, open: number): number {
  let at = open + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
