// A relayer with events in flight is told to stop (SIGTERM): it finishes what it has begun, and not one event is sent twice.
// PM2 starts the next one. Nobody is killed close to it, since a kill would excuse what must not happen.
import { harmlessDelayMs } from './arena.ts';
import { monotonicMs } from './record.ts';
import { everybody, type Stage, stopNow } from './stage.ts';
import { pause, waitFor } from './waiting.ts';

const limitMs = 20_000;
const fewestEvents = 3;
/** The successor's first events are on their way before a kill may excuse one of them. */
const afterglowMs = 300;

/** Plays the scene once. */
export async function playPoliteStop(stage: Stage): Promise<void> {
  const { facts, link, vitals, signal, spared } = stage;
  for (const target of everybody) spared.add(target);
  try {
    link.want([{ kind: 'slow', delayMs: harmlessDelayMs }]);
    const findBusy = async () => {
      for (const relayer of await vitals.of('relayer')) {
        const held = relayer.slot === null ? null : await facts.leasedBy(relayer.slot);
        if ((held?.length ?? 0) >= fewestEvents) return relayer;
      }
      return null;
    };
    const busy = await waitFor(findBusy, { withinMs: limitMs, everyMs: 10, signal });
    if (busy === null) {
      const waitedFor = `a relayer to have ${fewestEvents} events in flight`;
      stage.record.add({ kind: 'scene failed', waitedFor, monotonicMs: monotonicMs() });
      return;
    }
    stopNow(stage, busy);
    link.want([]);
    const isReplaced = async () => {
      const relayers = await vitals.of('relayer');
      return relayers.some(({ name, pid, isUp }) => name === busy.name && pid !== busy.pid && isUp);
    };
    await waitFor(isReplaced, { withinMs: limitMs, signal });
    await pause(afterglowMs, signal);
  } finally {
    link.want([]);
    for (const target of everybody) spared.delete(target);
  }
}
