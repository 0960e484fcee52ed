// Instants between PostgreSQL's timestamptz and our epoch milliseconds, either way.

/** As the client returns a timestamptz; `infinity`, which only a hand can have written, comes as a number. */
export type Instant = Date | number;

/** The instant bound at a place such as `$1`, epoch ms, in SQL. */
export function instantAt(place: string): string {
  return `to_timestamp(${place}::float8 / 1000)`;
}

/** Epoch ms; NaN for `infinity`, as for any instant that cannot be read. */
export function epochMs(instant: Instant): number {
  const atMs = Number(instant);
  return Number.isFinite(atMs) ? atMs : Number.NaN;
}

/** The same where there may be none. */
export function epochMsOrNull(instant: Instant | null): number | null {
  return instant === null ? null : epochMs(instant);
}
