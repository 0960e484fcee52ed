// Round numbers for the axes of a picture, and how they are written. Pure.

/** Round values from 0 up to the first that is not below `most`, in at most so many steps; 0 and 1 when there is nothing. */
export function roundTicks(most: number, steps: number): readonly number[] {
  if (most <= 0) return [0, 1];
  const rough = most / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.max(1, Math.ceil(most / step));
  return Array.from({ length: count + 1 }, (_, nth) => nth * step);
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  day,
] as const;
const units = [
  ['d', day],
  ['h', hour],
  ['min', minute],
  ['s', second],
] as const;

export interface TimeTick {
  readonly atMs: number;
  /** In the unit of the step: 30 s, 60 s, 90 s; 5 min, 10 min. */
  readonly text: string;
}

/** Round instants from 0 to `lengthMs`, about ten. */
export function timeTicks(lengthMs: number): readonly TimeTick[] {
  const stepMs = timeSteps.find((candidate) => lengthMs / candidate <= 10) ?? day;
  const [unit, unitMs] = units.find(([, sizeMs]) => stepMs >= sizeMs) ?? ['s', second];
  return Array.from({ length: Math.floor(lengthMs / stepMs) + 1 }, (_, nth) => ({
    atMs: nth * stepMs,
    text: nth === 0 ? '0' : `${(nth * stepMs) / unitMs} ${unit}`,
  }));
}
