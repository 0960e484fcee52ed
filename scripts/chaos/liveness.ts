// The only moments in which anything is asked of time: all faults end, nobody is killed, and what was committed so far must be
// processed within a bound. In long runs trouble and healing take turns. What was seen goes into the record.
import { monotonicMs } from './record.ts';
import { everybody, type Stage } from './stage.ts';
import { waitFor } from './waiting.ts';

/**
 * An event whose relayers died again and again rests for up to two minutes, as do those behind a gateway that failed for
 * long; a relayer that is stuck does not come back in three.
 */
export const drainLimitMs = 180_000;
const tellLimitMs = 20_000;

/** Heals, and waits until every event committed by then is processed or dead. */
export async function checkLiveness({ facts, link, record, signal, spared }: Stage): Promise<void> {
  for (const target of everybody) spared.add(target);
  try {
    link.want([]);
    await waitFor(() => link.isTold, { withinMs: tellLimitMs, signal });
    const fromMs = monotonicMs();
    const lastSeq = await facts.lastSeq();
    const events = await facts.pendingUpTo(lastSeq);
    await waitFor(async () => (await facts.pendingUpTo(lastSeq)) === 0, { withinMs: drainLimitMs, signal });
    const left = await facts.pendingUpTo(lastSeq);
    record.add({ kind: 'healed', events, left, fromMs, toMs: monotonicMs() });
  } finally {
    for (const target of everybody) spared.delete(target);
  }
}
