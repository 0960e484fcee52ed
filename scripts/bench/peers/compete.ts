// Everybody does each work in turn, and the next work comes when all are done: so what is compared was done within seconds, and what disturbs
// the machine disturbs all. Who fails is left out by name; without us, or without anybody else, there is no result.
import type { Bench } from '../bench.ts';
import { BenchError } from '../bench-error.ts';
import { mustBe } from '../measure.ts';
import { workOf } from '../pace.ts';
import { inTime, isInTime } from '../patience.ts';
import type { Contestant, Load, Track } from './contestant.ts';
import type { Works } from './peer-works.ts';
import { workDrain } from './work-drain.ts';
import { workKill } from './work-kill.ts';
import type { WorkName } from './work-names.ts';
import { workTrickle } from './work-trickle.ts';

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
  const workOfOne = works.reduce((sum, work) => sum + workOf(work, load), 0);
  pace.plan(contestants.length * times * workOfOne);
  for (let run = 0; run < times; run++) {
    for (const work of works) {
      await eachInTurn(async (contestant) => {
        const { name, label } = contestant;
        const done = await workOnce(track, contestant, work);
        mustBeSameWork(done, runs.get(ours.name)?.[run]);
        const before = runs.get(name) ?? [];
        runs.set(name, [...before.slice(0, run), { ...before[run], ...done }]);
        pace.did(workOf(work, load));
        say(`${work} ${run + 1} of ${times}, ${label}: ${lineOf(done)}`);
      });
    }
  }
  return { runs, leftOut };
}

async function workOnce(track: Track, contestant: Contestant, work: WorkName): Promise<Works> {
  switch (work) {
    case 'drain':
      return { drain: await workDrain(track, contestant) };
    case 'latency':
      return { trickle: await workTrickle(track, contestant) };
    case 'recovery':
      return { kill: await workKill(track, contestant) };
    default:
      return work satisfies never;
  }
}

const warmUpWith = { events: 200, withinMs: 3_000 } as const;

/** Not counted: what the system reads from the disk for the first time, and whether it works at all. */
async function warmUp({ gateway, signal, load }: Track, contestant: Contestant): Promise<void> {
  const events = Math.min(warmUpWith.events, load.pending);
  await inTime(contestant.fill(events), { what: 'it is filled', withinMs: 30_000, signal });
  await gateway.reset();
  const worker = contestant.startWorker();
  try {
    await inTime(worker.ready, { what: 'it is ready', withinMs: 30_000, signal });
    const some = Promise.race([gateway.accepted(events), worker.failed]);
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

/** What one contestant did. */
function lineOf({ drain, trickle, kill }: Works): string {
  const parts = [
    drain && `${Math.round(drain.perSecond)} events/s${drain.isCut ? ' (cut short)' : ''}`,
    trickle && `arrival p50 ${trickle.p50Ms.toFixed(1)} ms`,
    trickle === null && 'does not keep up with 20/s',
    kill && `${Math.round(kill.nextMs)} ms after a kill, ${kill.stranded} wait for a lease`,
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}
