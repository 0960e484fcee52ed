// What relayers report of themselves in outbox_log. That table is bounded and forgets its oldest lines, which a verdict must
// not: so a run copies them into its own record while they are there, and the verdict reads both. It reads no database.
import { linesOf, type RecordLine, type RecordOf } from './record.ts';

/** One line of outbox_log. */
export type Report = Omit<RecordOf<'report'>, 'kind'>;

/** The kinds of lines that are reports, as a condition in SQL. */
export const isReport = `kind IN ('relayer_started', 'taken_over', 'fenced')`;

/** A line of outbox_log as either engine returns it; `atMs` is epoch ms. */
export interface ReportRow {
  readonly id: number;
  readonly atMs: number;
  readonly about: Report['about'];
  readonly detail: string;
}

export function reportOf({ id, about, atMs, detail }: ReportRow): Report {
  return { id, about, atMs, detail: JSON.parse(detail) as Report['detail'] };
}

/**
 * What tells reports apart. Not the id alone: after its crash a PostgreSQL server has forgotten the newest lines of a relayer, which commits
 * without waiting for the disk, and may give their ids again.
 */
export function identityOf({ id, about, atMs }: Report): string {
  return `${id} ${about} ${atMs}`;
}

/** What reports add up to. */
export class ReportBook {
  /** By process id: the slot that its relayer had when it came up, and when that was (epoch ms). */
  readonly slots = new Map<number, { readonly slot: string; readonly atMs: number }>();
  fencedEvents = 0;
  readonly #onReport: (report: Report) => void;

  constructor(onReport: (report: Report) => void) {
    this.#onReport = onReport;
  }

  add(report: Report): void {
    const { about, atMs, detail } = report;
    const { pid = 0, slot = '', events = 0 } = detail;
    if (about === 'relayer_started') this.slots.set(pid, { slot, atMs });
    if (about === 'fenced') this.fencedEvents += events;
    this.#onReport(report);
  }
}

/** All reports of a run, oldest first: those that were copied, and those that still stand in the table. */
export function allReports(record: readonly RecordLine[], inTable: readonly Report[]): readonly Report[] {
  const all = new Map<string, Report>();
  for (const { id, about, atMs, detail } of [...linesOf(record, 'report'), ...inTable]) {
    const report = { id, about, atMs, detail };
    all.set(identityOf(report), report);
  }
  return [...all.values()].sort((a, b) => a.atMs - b.atMs || a.id - b.id);
}
