// How instants, spans, sizes and texts of strangers look in a terminal. Pure.

/** A span in the two largest units that matter: 850 ms, 12 s, 3 m 20 s, 5 h 2 m, 4 d 1 h. */
export function spanText(spanMs: number): string {
  if (!Number.isFinite(spanMs)) return 'unknown';
  const wholeMs = Math.max(0, Math.round(spanMs));
  if (wholeMs < 1_000) return `${wholeMs} ms`;
  const seconds = Math.floor(wholeMs / 1_000);
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = units.findIndex(([amount]) => amount > 0);
  return units
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** `2026-01-31 12:34:56.789`, in UTC as the table has it. */
export function instantText(atMs: number): string {
  return Number.isFinite(atMs)
    ? new Date(atMs).toISOString().replace('T', ' ').replace('Z', '')
    : 'at an unreadable instant';
}

/** 1,234,567. */
export function numberText(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 event`, `1,234 events`. */
export function eventsText(events: number): string {
  return `${numberText(events)} ${events === 1 ? 'event' : 'events'}`;
}

/** 812 MB, 3.1 KB. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1_000 && unit < units.length - 1; unit++) value /= 1_000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Text that came from outside, on one line: what could steer a terminal is shown as an escape. */
export function plainText(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
