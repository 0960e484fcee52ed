// The drain of a contestant: so many committed events wait; from the start of its worker's process to the last one completed. Who is not
// done within a limit is judged by what it had completed by then.
import { BenchError } from '../bench-error.ts';
import { mustBe } from '../measure.ts';
import { monotonicMs } from '../monotonic.ts';
import { inTime, isInTime, pause } from '../patience.ts';
import { usageOf } from '../process-usage.ts';
import type { Contestant, Track, WorkerProcess } from './contestant.ts';

export interface Drained {
  readonly perSecond: number;
  /** Of the worker's process, its start included. */
  readonly cpuUsPerEvent: number;
  /** Null where there is no server or it cannot be seen. */
  readonly serverUsPerEvent: number | null;
  /** The limit came first. */
  readonly isCut: boolean;
  /** Of all requests' bodies; null when it was cut. */
  readonly bodyBytes: number | null;
}

/** Enough for 10,000 events at 1,000 a second. */
export const drainLimitMs = 10_000;

export async function workDrain(
  { gateway, signal, load: { pending } }: Track,
  contestant: Contestant,
): Promise<Drained> {
  const wait = { what: 'a drain is prepared', withinMs: 60_000 + pending, signal };
  await inTime(contestant.fill(pending), wait);
  await gateway.reset();
  const serverBefore = await contestant.serverCpuMs();
  const worker = contestant.startWorker();
  try {
    const everything = Promise.race([gateway.accepted(pending), worker.failed]);
    const isCut = !(await isInTime(everything, { withinMs: drainLimitMs, signal }));
    if (!isCut) await allCompleted(contestant, worker, signal);
    const completed = isCut ? pending - (await unfinished(contestant)) : pending;
    const tookMs = monotonicMs() - worker.spawnedMs;
    const { cpuMs } = usageOf(worker.pid);
    const serverAfter = await contestant.serverCpuMs();
    const { duplicates, bodyBytes } = await gateway.counts();
    mustBe('events sent twice', duplicates, 0);
    if (completed === 0) throw couldNot(`nothing was completed in ${drainLimitMs} ms`);
    const isSeen = serverBefore !== null && serverAfter !== null;
    return {
      perSecond: (completed / tookMs) * 1_000,
      cpuUsPerEvent: (cpuMs / completed) * 1_000,
      serverUsPerEvent: isSeen ? ((serverAfter - serverBefore) / completed) * 1_000 : null,
      isCut,
      bodyBytes: isCut ? null : bodyBytes,
    };
  } finally {
    await worker.kill();
  }
}

/** What arrived last may be completed together with others, a moment later. */
async function allCompleted(
  contestant: Contestant,
  worker: WorkerProcess,
  signal: AbortSignal,
): Promise<void> {
  const endMs = monotonicMs() + drainLimitMs;
  while ((await Promise.race([unfinished(contestant), worker.failed])) > 0) {
    if (monotonicMs() > endMs) throw couldNot('everything arrived, and something was never completed');
    await pause(1, signal);
  }
}

async function unfinished(contestant: Contestant): Promise<number> {
  const { waiting, claimed } = await contestant.left();
  return waiting + claimed;
}

function couldNot(text: string): BenchError {
  return new BenchError('ERR_BENCH_COULD_NOT_RUN', text);
}
