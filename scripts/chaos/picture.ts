// The picture of a run: acceptances, kills and pending events over time, one column for each part of it, in characters that every
// terminal has. Pure.
import type { Evidence } from './evidence.ts';
import { linesOf, type Span } from './record.ts';

const columns = 72;
const bars = [...' ▁▂▃▄▅▆▇█'];

/** The values, squeezed into that many columns of bars, the highest one full. Zero is a blank. */
export function sparkline(values: readonly number[], width: number = columns): string {
  const most = Math.max(...values, 1e-9);
  const squeezed = squeeze(values, width);
  // Anything above zero shows, however small beside the highest.
  return squeezed.map((value) => bars[Math.ceil((value / most) * (bars.length - 1))] ?? '').join('');
}

/** The lines of the picture; none when nothing was accepted. */
export function pictureOf({ ledger, record }: Evidence): readonly string[] {
  const times = ledger.accepted.map(({ monotonicMs }) => monotonicMs);
  const [startMs, endMs] = [times[0] ?? 0, times.at(-1) ?? 0];
  if (endMs <= startMs) return [];
  const columnOf = (atMs: number) => Math.floor(((atMs - startMs) / (endMs - startMs)) * (columns - 1e-6));
  const counts = (instants: readonly number[]) => {
    const found = Array<number>(columns).fill(0);
    for (const atMs of instants) found[columnOf(atMs)] = (found[columnOf(atMs)] ?? 0) + 1;
    return sparkline(found.slice(0, columns));
  };
  const marks = (spans: readonly Span[], mark: string) =>
    Array.from({ length: columns }, (_, column) =>
      spans.some(({ fromMs, toMs }) => columnOf(fromMs) <= column && column <= columnOf(toMs)) ? mark : ' ',
    ).join('');
  const naps = linesOf(record, 'pause').filter(({ target }) => target === 'relayer');
  const rows = [
    ['accepted', counts(times)],
    ['kills', counts(linesOf(record, 'kill').map(({ fromMs }) => fromMs))],
    ['storms', marks(linesOf(record, 'storm'), '#')],
    ['database hit', marks(linesOf(record, 'database'), '!')],
    ['PM2 killed', marks(linesOf(record, 'PM2 kill'), '^')],
    ['asleep', marks(naps, 'z')],
    ['bad weather', marks(linesOf(record, 'faults'), '~')],
    ['healed', marks(linesOf(record, 'healed'), '=')],
  ] as const;
  const seconds = `${Math.round((endMs - startMs) / 1_000)} s`;
  return [
    ...rows.filter(([, line]) => line.trim() !== '').map(([name, line]) => `${name.padEnd(16)} ${line}`),
    `${''.padEnd(16)} 0${seconds.padStart(columns - 1)}`,
  ];
}

/** The mean of each part. Fewer values than columns are shown as they are. */
function squeeze(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, column) => {
    const part = values.slice(
      Math.floor((column * values.length) / width),
      Math.floor(((column + 1) * values.length) / width),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
