// The fencing scene: a relayer with events in flight is stopped (SIGSTOP) past its lease, another one takes its events
// over, and then it wakes and tries to settle what is no longer its own. Everything is arranged by facts in the database.
import { harmlessDelayMs, relayerTiming } from './arena.ts';
import { signalOwn } from './processes.ts';
import type { Random } from './random.ts';
import { monotonicMs } from './record.ts';
import { killNow, type Stage } from './stage.ts';
import { waitFor } from './waiting.ts';

type Relayer = 'relayer' | 'second relayer';

/** Without a flow of events, or with one relayer missing, the scene cannot be set. */
const everybody = ['ingester', 'relayer', 'second relayer', 'sandbox'] as const;
const startLimitMs = 20_000;
const takeoverLimitMs = relayerTiming.leaseMs + 20_000;
const fencedLimitMs = 10_000;
/** It falls asleep over so many events in flight. */
const fewestEvents = 3;
/** Slow enough that a relayer always has events in flight, and no excuse for sending one twice. */
const slowness = { kind: 'slow', delayMs: harmlessDelayMs } as const;

/** Plays the scene once. What did not come about in time is left to the verdict. */
export async function playNap(stage: Stage, random: Random): Promise<void> {
  for (const target of everybody) stage.spared.add(target);
  try {
    const slots = await startSecond(stage);
    if (slots === null) return;
    const sleeper: Relayer = random.next() < 0.5 ? 'relayer' : 'second relayer';
    await showSlowness(stage);
    const nap = await putToSleep(stage, sleeper, slots[sleeper]);
    stage.link.want([]);
    if (nap === null) return void failed(stage, `the ${sleeper} to have ${fewestEvents} events in flight`);
    // Whoever takes over may be killed at it; only the sleeper is needed once more. The sandbox is left alone as long as
    // there are two relayers: its death would cut short what both have in flight.
    stage.spared.delete(sleeper === 'relayer' ? 'second relayer' : 'relayer');
    stage.spared.delete('ingester');
    const fencedBefore = stage.facts.fencedEvents();
    await waitForTakeover(stage, { ...nap, slot: slots[sleeper] });
    const { pid, events } = nap;
    signalOwn(stage.arena.folder, pid, 'SIGCONT');
    const toMs = monotonicMs();
    const { signal } = stage;
    const fencedSince = () => stage.facts.fencedEvents() - fencedBefore;
    await waitFor(() => fencedSince() > 0, { withinMs: fencedLimitMs, signal });
    stage.record.add({
      ...{ kind: 'pause', target: sleeper, pid, events: events.length, fenced: fencedSince() },
      ...{ fromMs: nap.fromMs, toMs },
    });
  } finally {
    stage.link.want([]);
    await stage.second.end(stage.signal.aborted || random.next() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    for (const target of everybody) stage.spared.delete(target);
  }
}

/** Restarts the first relayer and starts the second, one after the other, to learn which slot each one took. */
async function startSecond(stage: Stage): Promise<Readonly<Record<Relayer, string>> | null> {
  const { facts, vitals, signal } = stage;
  const killed = vitals.of('relayer')?.pid;
  killNow(stage, 'relayer');
  const isUp = () => {
    const vital = vitals.of('relayer');
    return vital !== null && vital.pid !== killed && vital.isUp;
  };
  if ((await waitFor(isUp, { withinMs: startLimitMs, signal })) === null) {
    return failed(stage, 'the first relayer to come up');
  }
  const before = facts.relayerStarts();
  const hasStarted = () => {
    stage.second.start();
    return facts.relayerStarts().count > before.count;
  };
  if ((await waitFor(hasStarted, { withinMs: startLimitMs, signal })) === null) {
    return failed(stage, 'the second relayer to come up');
  }
  const { slot } = facts.relayerStarts();
  if (before.slot === null || slot === null || slot === before.slot) {
    return failed(stage, `two slots, got ${before.slot} and ${slot}`);
  }
  return { relayer: before.slot, 'second relayer': slot };
}

function failed({ record }: Stage, waitedFor: string): null {
  record.add({ kind: 'scene failed', waitedFor, monotonicMs: monotonicMs() });
  return null;
}

async function showSlowness(stage: Stage): Promise<void> {
  stage.link.want([slowness]);
  const isTold = await waitFor(() => stage.link.isTold, { withinMs: startLimitMs, signal: stage.signal });
  if (isTold === null) failed(stage, 'the sandbox to be told to be slow');
}

interface Nap {
  readonly pid: number;
  /** When it was stopped. */
  readonly fromMs: number;
  /** Places of the events it holds. */
  readonly events: readonly number[];
}

/** Stops the relayer at a moment when it holds events and is not inside a transaction, which would block everybody. */
async function putToSleep(stage: Stage, sleeper: Relayer, slot: string): Promise<Nap | null> {
  const { arena, facts, vitals, signal } = stage;
  const attempt = async (): Promise<Nap | null> => {
    const pid = vitals.of(sleeper)?.pid;
    if (pid === undefined || facts.leasedBy(slot).length < fewestEvents) return null;
    const fromMs = monotonicMs();
    if (!signalOwn(arena.folder, pid, 'SIGSTOP')) return null;
    const isHarmless = await waitFor(() => facts.isWriteLockFree(), { withinMs: 300, everyMs: 5, signal });
    const events = facts.leasedBy(slot);
    if (isHarmless !== null && events.length > 0) return { pid, fromMs, events };
    signalOwn(arena.folder, pid, 'SIGCONT');
    return null;
  };
  return waitFor(attempt, { withinMs: startLimitMs, everyMs: 10, signal });
}

/** Until none of the events is held by the sleeper any more. */
async function waitForTakeover(stage: Stage, nap: Nap & { readonly slot: string }): Promise<void> {
  const { facts, signal } = stage;
  const isTaken = () => {
    // A killed second relayer is replaced: PM2 does not know of it.
    stage.second.start();
    const held = new Set(facts.leasedBy(nap.slot));
    return nap.events.every((seq) => !held.has(seq));
  };
  await waitFor(isTaken, { withinMs: takeoverLimitMs, signal });
}
