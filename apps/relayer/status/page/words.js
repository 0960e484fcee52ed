// Numbers and instants as people read them: short, and as exact as they are meant.

/** @param {number} events */
export function count(events) {
  if (events < 100_000) return Math.round(events).toLocaleString('en');
  if (events < 1_000_000) return `${(events / 1_000).toFixed(0)}k`;
  return `${(events / 1_000_000).toFixed(events < 10_000_000 ? 2 : 1)}M`;
}

/** @param {{ events: number, isExact: boolean }} bounded */
export function bounded({ events, isExact }) {
  return `${isExact ? '' : '≈ '}${count(events)}`;
}

/** @param {number | null} perSecond */
export function rate(perSecond) {
  if (perSecond === null) return '–';
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond);
}

/** @param {number | null} durationMs */
export function duration(durationMs) {
  if (durationMs === null) return '–';
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** @param {number} atMs */
export function clock(atMs) {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

/** With the day, if it was not today. @param {number} atMs */
export function instant(atMs) {
  const at = new Date(atMs);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday
    ? clock(atMs)
    : `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock(atMs)}`;
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {number} events */
export const plural = (events) => `${count(events)} ${events === 1 ? 'event' : 'events'}`;
