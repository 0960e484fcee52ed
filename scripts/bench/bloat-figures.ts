// The figures of `bloat`. Pure.
import type { IndexLook, TableLook } from './bloat-look.ts';
import type { Measure, Unit } from './measure.ts';

/** The table at a moment, and how many events had come through. */
export interface BloatLook extends TableLook {
  readonly atMs: number;
  readonly appended: number;
  readonly processed: number;
  readonly confirmed: number;
  readonly pruned: number;
}

export interface Bloat {
  readonly before: TableLook;
  readonly seen: readonly BloatLook[];
  readonly indexes: readonly IndexLook[];
}

/** Told are every other look, and the last one in full. */
export function bloatMeasures({ before, seen, indexes }: Bloat): readonly Measure[] {
  const last = seen.at(-1);
  if (last === undefined) throw new Error('no look at the table');
  const measure = (name: string, label: string, unit: Unit, value: number): Measure => ({
    ...{ name: `bloat.${name}`, label, unit, values: [value], samplesPerRun: last.appended },
  });
  const updates = last.updates - before.updates;
  return [
    measure('events', 'events appended', 'events', last.appended),
    measure('processed', 'processed', 'events', last.processed),
    measure('confirmed', 'read back', 'events', last.confirmed),
    measure('pruned', 'deleted', 'events', last.pruned),
    measure('rate', 'events through', 'events/s', (last.processed / last.atMs) * 1_000),
    ...seen
      .filter((_, index) => index % 2 === 1)
      .flatMap((look) => {
        const seconds = Math.round(look.atMs / 1_000);
        const at = (name: string, unit: Unit, value: number) =>
          measure(`${name}.${seconds}s`, `${name} after ${seconds} s`, unit, value);
        return [
          at('table', 'MB', look.tableBytes / 1e6),
          at('indexes', 'MB', look.indexBytes / 1e6),
          at('rows', 'events', look.appended - look.pruned),
          at('dead', 'events', look.deadRows),
        ];
      }),
    measure('row', 'table and indexes, per row that is there', 'KB', perRow(last) / 1e3),
    measure('log', 'log per event', 'KB', (last.logBytes - before.logBytes) / last.appended / 1e3),
    measure('updates', 'updates per event', 'ratio', updates / last.appended),
    measure(
      'hot',
      'of them HOT',
      '%',
      updates === 0 ? 0 : ((last.hotUpdates - before.hotUpdates) / updates) * 100,
    ),
    measure('vacuums', 'autovacuums', 'times', last.autovacuums - before.autovacuums),
    ...indexes.map(({ name, bytes }) => measure(`index.${name}`, `index ${name}`, 'MB', bytes / 1e6)),
  ];
}

function perRow({ tableBytes, indexBytes, appended, pruned }: BloatLook): number {
  return (tableBytes + indexBytes) / Math.max(1, appended - pruned);
}
