// Text that PostgreSQL can hold. It knows two characters less than JavaScript does: U+0000, which it refuses, and half of a
// surrogate pair, which UTF-8 cannot spell. An answer of a gateway or a person's note may hold either.

/** The text with U+FFFD in the place of each of these. */
export function storableText(text: string): string {
  return text.replaceAll(unstorable, '\uFFFD');
}

/** The details of a record as JSON text that PostgreSQL can also read as jsonb. */
export function storableJson(detail: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(detail, (_, value: unknown) =>
    typeof value === 'string' ? storableText(value) : value,
  );
}

const unstorable = /[\0\p{Cs}]/gu;
