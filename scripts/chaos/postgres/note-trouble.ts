// Writes what was done to the database into the run's record, with its instants, and waits until work goes on: trouble after trouble before
// anybody is back would show nothing.
import { monotonicMs, type RecordOf } from '../record.ts';
import type { Stage } from '../stage.ts';
import { waitFor } from '../waiting.ts';

type Trouble = Pick<RecordOf<'database'>, 'what' | 'isCrash' | 'lostSessions'>;

/** A machine that is busy takes 5 s to start a relayer. Whether all goes on is asked when all is healed. */
const workLimitMs = 15_000;

/** Does it, and resolves when an event has been processed after the database answered again. */
export async function noteTrouble(
  { record, facts, signal }: Stage,
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
  const { processed } = await facts.counts();
  const isWorking = async () => (await facts.counts()).processed > processed;
  await waitFor(isWorking, { withinMs: workLimitMs, signal });
}
