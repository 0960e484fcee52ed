// Everybody does every work in every run, one after the other, so that what disturbs the machine disturbs all. Who fails is left out by
// name; without us, or without anybody else, there is no result.
import type { Bench } from '../bench.ts';
import { BenchError } from '../bench-error.ts';
import { mustBe } from '../measure.ts';
import { inTime, isInTime } from '../patience.ts';
import type { Contestant, Load, Track } from './contestant.ts';
import type { Works } from './peer-works.ts';
import { workDrain } from './work-drain.ts';
import { workKill } from './work-kill.ts';
import { workTrickle } from './work-trickle.ts';

/** Those parts of a benchmark that peers take part in. */
export const workNames = ['drain', 'latency', 'recovery'] as const;
export type WorkName = (typeof workNames)[number];

export interface LeftOut {
  /** A peer, or one of its variants. */
  readonly name: string;
  readonly why: string;
}

export interface Competition {
  /** Works by the contestant's name, one a run; only of those that did all of them. */
  readonly runs: ReadonlyMap<string, readonly Works[]>;
  readonly leftOut: readonly LeftOut[];
}

export interface Field {
  readonly ours: Contestant;
  readonly others: readonly Contestant[];
  readonly works: readonly WorkName[];
  readonly load: Load;
  /** Runs that count. */
  readonly times: number;
  /** Before it began. */
  readonly leftOut: readonly LeftOut[];
}

/** Throws when ours fails, when nobody else is left, and when interrupted. */
export async function compete(
  { gateway, signal, say, pace }: Pick<Bench, 'gateway' | 'signal' | 'say' | 'pace'>,
  { ours, others, works, leftOut: absent, load, times }: Field,
): Promise<Competition> {
  const track: Track = { gateway, signal, load };
  const runs = new Map<string, Works[]>();
  const leftOut = [...absent];
  let contestants = [ours, ...others];
  const eachInTurn = async (work: (contestant: Contestant) => Promise<void>) => {
    for (const contestant of contestants) {
      try {
        await work(contestant);
      } catch (error) {
        if (contestant === ours || signal.aborted) throw error;
        const why = error instanceof Error ? error.message : String(error);
        say(`${contestant.label} is left out: ${why}`);
        leftOut.push({ name: contestant.label, why });
        runs.delete(contestant.name);
        contestants = contestants.filter((one) => one !== contestant);
      }
    }
    if (contestants.length === 1) throw nobody(leftOut);
  };
  if (others.length === 0) throw nobody(leftOut);
  await eachInTurn((contestant) => warmUp(track, contestant));
  pace.plan(contestants.length * times);
  for (let run = 1; run <= times; run++) {
    await eachInTurn(async (contestant) => {
      const done = await workAll(track, contestant, works);
      mustBeSameWork(done, runs.get(ours.name)?.[run - 1]);
      runs.set(contestant.name, [...(runs.get(contestant.name) ?? []), done]);
      pace.did(1);
      say(`${contestant.label}, ${run} of ${times}: ${lineOf(done)}`);
    });
  }
  return { runs, leftOut };
}

async function workAll(track: Track, contestant: Contestant, works: readonly WorkName[]): Promise<Works> {
  return {
    ...(works.includes('drain') ? { drain: await workDrain(track, contestant) } : {}),
    ...(works.includes('latency') ? { trickle: await workTrickle(track, contestant) } : {}),
    ...(works.includes('recovery') ? { kill: await workKill(track, contestant) } : {}),
  };
}

const warmUpWith = { events: 200, withinMs: 3_000 } as const;

/** Not counted: what the system reads from the disk for the first time, and whether it works at all. */
async function warmUp({ gateway, signal }: Track, contestant: Contestant): Promise<void> {
  await inTime(contestant.fill(warmUpWith.events), { what: 'it is filled', withinMs: 30_000, signal });
  await gateway.reset();
  const worker = contestant.startWorker();
  try {
    await inTime(worker.ready, { what: 'it is ready', withinMs: 30_000, signal });
    const some = Promise.race([gateway.accepted(warmUpWith.events), worker.failed]);
    await isInTime(some, { withinMs: warmUpWith.withinMs, signal });
  } finally {
    await worker.kill();
  }
}

/** The same bytes, or the two did not do the same work. */
function mustBeSameWork({ drain: theirs }: Works, ours: Works | undefined): void {
  const [sent, expected] = [theirs?.bodyBytes, ours?.drain?.bodyBytes];
  if (typeof sent === 'number' && typeof expected === 'number') mustBe('bytes sent', sent, expected);
}

function nobody(leftOut: readonly LeftOut[]): BenchError {
  const whys = leftOut.map(({ name, why }) => `${name}: ${why}`);
  const text = ['no peer could be measured', ...whys].join('; ');
  return new BenchError('ERR_BENCH_COULD_NOT_RUN', text);
}

/** What one contestant did in one run. */
function lineOf({ drain, trickle, kill }: Works): string {
  const parts = [
    drain && `${Math.round(drain.perSecond)} events/s${drain.isCut ? ' (cut short)' : ''}`,
    trickle && `arrival p50 ${trickle.p50Ms.toFixed(1)} ms`,
    trickle === null && 'does not keep up with 20/s',
    kill && `${Math.round(kill.nextMs)} ms after a kill, ${kill.stranded} wait for a lease`,
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}
