// The detail of a line of the record, whatever hands have made of it.

/** The members of the JSON object in `text`; what is none is shown as a member `text`. */
export function recordDetail(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : { text };
  } catch {
    return { text };
  }
}
