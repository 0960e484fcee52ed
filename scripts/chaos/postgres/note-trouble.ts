// Writes what was done to the database into the run's record, with its instants.
import { monotonicMs, type RecordOf } from '../record.ts';
import type { Stage } from '../stage.ts';

type Trouble = Pick<RecordOf<'database'>, 'what' | 'isCrash' | 'lostSessions'>;

/** Does it, and resolves when the database answers again. */
export async function noteTrouble(
  { record, facts }: Stage,
  trouble: Trouble,
  work: () => Promise<void>,
): Promise<void> {
  const fromMs = monotonicMs();
  try {
    await work();
    await facts.lastSeq();
  } finally {
    record.add({ kind: 'database', ...trouble, fromMs, toMs: monotonicMs() });
  }
}
