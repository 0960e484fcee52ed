// The databases of `flat`: one per point, built once and used by all its runs, since a copy of ten gigabytes for each would be what
// is measured. It also looks whether there is room for them.
import { gatewayName } from '../../apps/outbox/convoy-url.ts';
import type { Bench } from './bench.ts';
import { BenchError } from './bench-error.ts';
import type { Room } from './bulk-rows.ts';
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
export function checkRoom(
  { folder, freeBytes, bytesPerRow, otherwise }: Room,
  points: readonly FlatPoint[],
  extra: number,
): void {
  const rows = points.reduce((sum, { pending, processed }) => sum + pending + processed + extra, 0);
  const needed = (rows * bytesPerRow * 4) / 3;
  if (needed <= freeBytes) return;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new BenchError(
    'ERR_BENCH_COULD_NOT_RUN',
    `flat needs ${gigabytes(needed)} GB in ${folder}, and ${gigabytes(freeBytes)} GB are free: ${otherwise}.`,
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
  await stock.bulk.add(database, { count: processed, rows }, signal);
  await stock.bulk.tidy(database);
  const gigabytes = (await stock.bulk.bytesOf(database)) / 1e9;
  say(
    `flat: built ${label}, ${gigabytes.toFixed(2)} GB in ${Math.round((monotonicMs() - startMs) / 1_000)} s`,
  );
  return database;
}

/** Adds events that are due now until so many wait. */
export async function fillUp({ stock, signal }: Bench, database: string, waiting: number): Promise<void> {
  const count = waiting - (await stock.bulk.waitingIn(database));
  if (count > 0) {
    await stock.bulk.add(database, { count, rows: { kind: 'pending', availableAtMs: 0 } }, signal);
  }
  await stock.bulk.tidy(database);
}

/** The same, but none of them is due before tomorrow: what is committed next is delivered first. */
export async function fillUpForLater(bench: Bench, database: string, waiting: number): Promise<void> {
  await fillUp(bench, database, waiting);
  await bench.stock.bulk.postponeAll(database, Date.now() + 86_400_000);
  await bench.stock.bulk.tidy(database);
}
