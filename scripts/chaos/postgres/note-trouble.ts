// Writes what was done to the database into the run's record, with its instants, and waits until work goes on: trouble after trouble before
// anybody is back would show nothing.
import type { Random } from '../random.ts';
import { monotonicMs, type RecordOf } from '../record.ts';
import { everybody, type Stage } from '../stage.ts';
import { waitFor } from '../waiting.ts';

type Trouble = Pick<RecordOf<'database'>, 'what' | 'isCrash' | 'lostSessions'>;

/** A machine that is busy takes 5 s to start a relayer. Whether all goes on is asked when all is healed. */
const workLimitMs = 15_000;

/**
 * Does it, and resolves when an event has been processed after the database answered again. Every other time nobody is killed meanwhile, so
 * that it shows how the applications themselves come back.
 */
export async function noteTrouble(
  { stage, random }: { readonly stage: Stage; readonly random: Random },
  trouble: Trouble,
  work: () => Promise<void>,
): Promise<void> {
  const { record, facts, signal, spared } = stage;
  const isAlone = random.next() < 0.5;
  for (const target of isAlone ? everybody : []) spared.add(target);
  try {
    const fromMs = monotonicMs();
    await work();
    await facts.lastSeq();
    record.add({ kind: 'database', ...trouble, fromMs, toMs: monotonicMs() });
    const { processed } = await facts.counts();
    const isWorking = async () => (await facts.counts()).processed > processed;
    await waitFor(isWorking, { withinMs: workLimitMs, signal });
  } finally {
    for (const target of everybody) spared.delete(target);
  }
}
