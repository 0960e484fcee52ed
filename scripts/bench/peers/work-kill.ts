// A kill of a contestant: SIGKILL in the middle of a drain, and another worker at once. How long until the next delivery, and what then waits
// although somebody is there to do it.
import { BenchError } from '../bench-error.ts';
import { monotonicMs } from '../monotonic.ts';
import { inTime, isInTime, pause } from '../patience.ts';
import type { Contestant, Track, WorkerProcess } from './contestant.ts';

export interface Killed {
  /** From the kill to the first event over a connection opened after it. */
  readonly nextMs: number;
  /** Claimed by the dead worker, and not taken up by its successor when nothing else was left to do. */
  readonly stranded: number;
  /** Of these, those that had arrived at the gateway: to be sent once more, later. The others are late. */
  readonly strandedSent: number;
  /** Sent twice until then. */
  readonly repeats: number;
}

/** For a tenth to arrive; then the kill comes. */
const beforeMs = 3_000;
/** What the dead process had asked its server for is done; a successor has not even loaded. */
const settleMs = 20;
const nextLimitMs = 30_000;
/** For the successor to do the rest, if it is that fast. */
const restLimitMs = 5_000;

export async function workKill(track: Track, contestant: Contestant): Promise<Killed> {
  const { gateway, signal, load } = track;
  const wait = { what: 'a kill is prepared', withinMs: 60_000, signal };
  await inTime(contestant.fill(load.backlog), wait);
  await gateway.reset();
  const first = contestant.startWorker();
  let successor: WorkerProcess | null = null;
  try {
    await inTheMiddle(track, first);
    const killedMs = monotonicMs();
    await first.kill();
    successor = contestant.startWorker();
    await pause(settleMs, signal);
    const held = await contestant.claimedKeys();
    const arrived = new Set((await gateway.arrivals()).map(({ key }) => key));
    const nextMs = (await firstSince(killedMs, track, successor)) - killedMs;
    await rest(track, contestant, successor);
    const stillHeld = new Set(await contestant.claimedKeys());
    const stranded = held.filter((key) => stillHeld.has(key));
    return {
      nextMs,
      stranded: stranded.length,
      strandedSent: stranded.filter((key) => arrived.has(key)).length,
      repeats: (await gateway.counts()).duplicates,
    };
  } finally {
    await Promise.all([first.kill(), successor?.kill()]);
  }
}

/** Resolves at an arrival, so that the worker is at work: the slow ones rest for most of the time. */
async function inTheMiddle({ gateway, signal, load }: Track, worker: WorkerProcess): Promise<void> {
  const arrived = (events: number) =>
    isInTime(Promise.race([gateway.accepted(events), worker.failed]), { withinMs: beforeMs, signal });
  if (await arrived(load.backlog / 10)) return;
  await arrived((await gateway.counts()).accepted + 1);
}

async function firstSince(
  killedMs: number,
  { gateway, signal }: Track,
  worker: WorkerProcess,
): Promise<number> {
  const endMs = monotonicMs() + nextLimitMs;
  while (monotonicMs() < endMs) {
    const connections = await Promise.race([gateway.connections(), worker.failed]);
    const later = connections.filter(({ openedMs }) => openedMs > killedMs);
    if (later.length > 0) return Math.min(...later.map(({ firstEventMs }) => firstEventMs));
    await pause(20, signal);
  }
  throw new BenchError('ERR_BENCH_COULD_NOT_RUN', `no delivery in ${nextLimitMs} ms after a kill`);
}

/** Until nothing waits and what is claimed no longer becomes less, or the time is up. */
async function rest({ signal }: Track, contestant: Contestant, worker: WorkerProcess): Promise<void> {
  const endMs = monotonicMs() + restLimitMs;
  let before = Number.POSITIVE_INFINITY;
  while (monotonicMs() < endMs) {
    const { waiting, claimed } = await Promise.race([contestant.left(), worker.failed]);
    if (waiting === 0 && claimed >= before) return;
    before = waiting === 0 ? claimed : Number.POSITIVE_INFINITY;
    await pause(waiting === 0 ? 500 : 50, signal);
  }
}
