// The application of the benchmark, as a process of its own: commits invoices with their events, with a sync at each commit
// (FULL on SQLite), at a rate or all at once, and says when each COMMIT returned.
import { openApplication } from './application.ts';
import { monotonicMs } from './monotonic.ts';
import type { Commit, WriterAnswer, WriterTask } from './writer-link.ts';

const [database = '', way] = process.argv.slice(2);
const application = await openApplication(database, way === 'client' ? way : 'statements');
let next = 1_000_000_000;

process.on('disconnect', () => process.exit());
// Ctrl-C is the business of whoever started it.
process.on('SIGINT', () => {});
process.on('message', async (task: WriterTask) => {
  const value = task.kind === 'burst' ? await burst(task.count) : await trickle(task.count, task.everyMs);
  tell({ id: task.id, value });
});
tell({ id: 0, value: null });

/** So many events in one transaction. */
async function burst(count: number): Promise<readonly Commit[]> {
  next += count;
  return [await timed(Array.from({ length: count }, (_, n) => next - count + n))];
}

/** So many transactions, one every `everyMs`, each on time or as soon as the one before it is done. */
async function trickle(count: number, everyMs: number): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  const startMs = monotonicMs();
  for (let n = 0; n < count; n++) {
    const waitMs = startMs + n * everyMs - monotonicMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    next += 1;
    commits.push(await timed([next]));
  }
  return commits;
}

async function timed(numbers: readonly number[]): Promise<Commit> {
  const beganMs = monotonicMs();
  const keys = await application.commit(numbers);
  return { keys, beganMs, committedMs: monotonicMs(), committedAtMs: Date.now() };
}

function tell(answer: WriterAnswer): void {
  process.send?.(answer);
}
