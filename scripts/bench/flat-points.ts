// The databases of `flat`: one per point, built once and used by all its runs, since a copy of ten gigabytes for each would be what
// is measured. It also looks whether there is room for them.
import { statfsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { gatewayName } from '../../apps/outbox/convoy-url.ts';
import type { Bench } from './bench.ts';
import { BenchError } from './bench-error.ts';
import { addInBulk, bytesPerRow, postponeAll } from './bulk-rows.ts';
import { project } from './ground.ts';
import { monotonicMs } from './monotonic.ts';

export interface FlatPoint {
  /** Part of the figures' names. */
  readonly name: string;
  readonly label: string;
  /** Events that wait. */
  readonly pending: number;
  /** Events in the table that were delivered and confirmed long since. */
  readonly processed: number;
}

/** The points of a run, the smallest first. */
export function flatPoints({
  sizes,
  processed,
}: Pick<Bench['settings'], 'sizes' | 'processed'>): readonly FlatPoint[] {
  const short = (count: number) => Intl.NumberFormat('en', { notation: 'compact' }).format(count);
  const waiting = sizes.map((pending) => ({
    ...{ name: String(pending), label: `${short(pending)} pending`, pending, processed: 0 },
  }));
  const [smallest] = waiting;
  if (processed === 0 || smallest === undefined) return waiting;
  const label = `${short(processed)} processed`;
  return [...waiting, { ...smallest, name: `processed-${processed}`, label, processed }];
}

/** Throws ERR_BENCH_COULD_NOT_RUN unless there is room for all points, with a third to spare. */
export function checkRoom(folder: string, points: readonly FlatPoint[], extra: number): void {
  const rows = points.reduce((sum, { pending, processed }) => sum + pending + processed + extra, 0);
  const { bavail, bsize } = statfsSync(folder);
  const [needed, free] = [(rows * bytesPerRow * 4) / 3, bavail * bsize];
  if (needed <= free) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new BenchError(
    'ERR_BENCH_COULD_NOT_RUN',
    `flat needs ${gigabytes(needed)} GB in ${folder}, and ${gigabytes(free)} GB are free: name another disk with TMPDIR, or take smaller --sizes and --processed.`,
  );
}

/** A database with the point's processed events, the oldest six days old: within the retention, so that none is deleted. */
export async function buildPoint(bench: Bench, { label, processed }: FlatPoint): Promise<string> {
  const { stock, gateway, say, signal } = bench;
  const database = await stock.take(0);
  if (processed === 0) return database;
  const startMs = monotonicMs();
  const daysMs = 6 * 86_400_000;
  const rows = {
    kind: 'processed',
    gateway: gatewayName(gateway.baseUrl, project.id),
    isConfirmed: true,
    fromMs: Date.now() - daysMs,
    stepMs: daysMs / processed / 1.01,
  } as const;
  await addInBulk(database, { count: processed, rows }, signal);
  const gigabytes = sizeOf(database) / 1e9;
  say(
    `flat: built ${label}, ${gigabytes.toFixed(2)} GB in ${Math.round((monotonicMs() - startMs) / 1_000)} s`,
  );
  return database;
}

/** Adds events that are due now until so many wait. */
export async function fillUp(database: string, waiting: number, signal: AbortSignal): Promise<void> {
  const missing = waiting - waitingIn(database);
  if (missing <= 0) return;
  await addInBulk(database, { count: missing, rows: { kind: 'pending', availableAtMs: 0 } }, signal);
}

/** The same, but none of them is due before tomorrow: what is committed next is delivered first. */
export async function fillUpForLater(database: string, waiting: number, signal: AbortSignal): Promise<void> {
  await fillUp(database, waiting, signal);
  postponeAll(database, Date.now() + 86_400_000);
}

function waitingIn(database: string): number {
  return look(database, `SELECT count(*) FROM events WHERE status = 'pending'`);
}

function sizeOf(database: string): number {
  return look(database, 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size');
}

function look(database: string, sql: string): number {
  const db = new Database(database, { readonly: true, timeout: 5_000 });
  try {
    return Number(db.prepare(sql).pluck().get());
  } finally {
    db.close();
  }
}
