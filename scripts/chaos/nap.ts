// The zombie: a relayer with events in flight is stopped (SIGSTOP), its leases run out, others deliver and settle its
// events, and then it wakes with answers in hand and tries to settle what is no longer its own. Everything is arranged by
// facts in the database.
import { harmlessDelayMs, relayerTiming } from './arena.ts';
import { signalOwn } from './processes.ts';
import type { Random } from './random.ts';
import { monotonicMs } from './record.ts';
import { everybody, killNow, type Stage, whoIs } from './stage.ts';
import type { Vital } from './vitals.ts';
import { pause, waitFor } from './waiting.ts';

const startLimitMs = 20_000;
const takeoverLimitMs = relayerTiming.leaseMs + 20_000;
const fencedLimitMs = 10_000;
/** It falls asleep over so many events in flight. */
const fewestEvents = 3;
/** Slow enough that a relayer always has events in flight, and no excuse for sending one twice. */
const slowness = { kind: 'slow', delayMs: harmlessDelayMs } as const;

/** Plays the scene once; with a single relayer there is nobody to take over. What did not come about is left to the verdict. */
export async function playNap(stage: Stage, random: Random): Promise<void> {
  const { facts, link, signal, spared } = stage;
  for (const target of everybody) spared.add(target);
  try {
    const sleeper = await chooseSleeper(stage, random);
    if (sleeper === null) return failed(stage, 'two relayers to be up');
    link.want([slowness]);
    const nap = await putToSleep(stage, sleeper);
    link.want([]);
    if (nap === null) return failed(stage, `the ${sleeper.name} to have ${fewestEvents} events in flight`);
    const fencedBefore = await facts.fencedEvents();
    if (random.next() < 0.5) await killTaker(stage, sleeper);
    await waitFor(async () => (await facts.pendingAmong(nap.held)) === 0, {
      withinMs: takeoverLimitMs,
      signal,
    });
    signalOwn(stage.arena.folder, sleeper.pid, 'SIGCONT');
    const toMs = monotonicMs();
    const fencedSince = async () => (await facts.fencedEvents()) - fencedBefore;
    await waitFor(async () => (await fencedSince()) > 0, { withinMs: fencedLimitMs, signal });
    stage.record.add({ kind: 'pause', ...whoIs(sleeper), ...nap, toMs, fenced: await fencedSince() });
  } finally {
    link.want([]);
    for (const target of everybody) spared.delete(target);
  }
}

/** One relayer, when at least one other is up too. */
async function chooseSleeper({ vitals, signal }: Stage, random: Random): Promise<Vital | null> {
  const look = async () => {
    const up = (await vitals.of('relayer')).filter(({ isUp }) => isUp);
    const known = withOwnSlot(up);
    return up.length >= 2 && known.length > 0 && known[random.between(0, known.length - 1)];
  };
  return waitFor(look, { withinMs: startLimitMs, signal });
}

/** Those whose slot nobody else is seen with: one that has just lost its slot is still seen with it, when another has it already. */
export function withOwnSlot<One extends Pick<Vital, 'slot'>>(relayers: readonly One[]): readonly One[] {
  return relayers.filter(({ slot }) => relayers.filter((other) => other.slot === slot).length === 1);
}

/** Whoever would take over dies at it, once: killed again and again nobody would, and the sleeper would keep its leases. */
async function killTaker(stage: Stage, sleeper: Vital): Promise<void> {
  await pause(relayerTiming.leaseMs, stage.signal);
  const relayers = await stage.vitals.of('relayer');
  const taker = relayers.find(({ name, isUp }) => name !== sleeper.name && isUp);
  if (taker !== undefined) await killNow(stage, taker);
}

function failed({ record }: Stage, waitedFor: string): void {
  record.add({ kind: 'scene failed', waitedFor, monotonicMs: monotonicMs() });
}

interface Nap {
  /** When it was stopped. */
  readonly fromMs: number;
  /** The events it holds, by key. */
  readonly held: readonly string[];
}

/** Stops the relayer at a moment when it holds events and is not inside a transaction, which would block everybody. */
async function putToSleep({ arena, facts, signal }: Stage, { pid, slot }: Vital): Promise<Nap | null> {
  const keysHeld = async () => ((await facts.leasedBy(slot ?? '')) ?? []).map(({ key }) => key);
  const attempt = async (): Promise<Nap | null> => {
    if ((await keysHeld()).length < fewestEvents) return null;
    const fromMs = monotonicMs();
    if (!signalOwn(arena.folder, pid, 'SIGSTOP')) return null;
    const isHarmless = await waitFor(() => facts.isNobodyWriting(), { withinMs: 300, everyMs: 5, signal });
    const held = await keysHeld();
    if (isHarmless !== null && held.length > 0) return { fromMs, held };
    signalOwn(arena.folder, pid, 'SIGCONT');
    return null;
  };
  return waitFor(attempt, { withinMs: startLimitMs, everyMs: 10, signal });
}
