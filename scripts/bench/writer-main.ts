// The application of the benchmark, as a process of its own: commits invoices with their events, with a sync at each commit
// (FULL), at a rate or all at once, and says when each COMMIT returned.
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';
import { invoiceInsert } from './invoice-insert.ts';
import { monotonicMs } from './monotonic.ts';
import type { Commit, WriterAnswer, WriterTask } from './writer-link.ts';

// The autocheckpoint is a high net, as in the ingester: checkpoints are the relayer's business.
const db = await openDatabase(process.argv[2] ?? '', {
  synchronous: 'FULL',
  busyTimeoutMs: 5_000,
  autocheckpointPages: 10_000,
});
const insert = invoiceInsert(db);
const insertOne = db.transaction((number: number) => [insert(number)]);
const insertMany = db.transaction((first: number, count: number) =>
  Array.from({ length: count }, (_, n) => insert(first + n)),
);
let next = 1_000_000_000;

process.on('disconnect', () => process.exit());
// Ctrl-C is the business of whoever started it.
process.on('SIGINT', () => {});
process.on('message', async (task: WriterTask) => {
  const value = task.kind === 'burst' ? burst(task.count) : await trickle(task.count, task.everyMs);
  tell({ id: task.id, value });
});
tell({ id: 0, value: null });

/** So many events in one transaction. */
function burst(count: number): readonly Commit[] {
  next += count;
  return [timed(() => insertMany.immediate(next - count, count))];
}

/** So many transactions, one every `everyMs`, each on time or as soon as the one before it is done. */
async function trickle(count: number, everyMs: number): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  const startMs = monotonicMs();
  for (let n = 0; n < count; n++) {
    const waitMs = startMs + n * everyMs - monotonicMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    next += 1;
    commits.push(timed(() => insertOne.immediate(next)));
  }
  return commits;
}

function timed(work: () => readonly string[]): Commit {
  const beganMs = monotonicMs();
  const keys = work();
  return { keys, beganMs, committedMs: monotonicMs(), committedAtMs: Date.now() };
}

function tell(answer: WriterAnswer): void {
  process.send?.(answer);
}
