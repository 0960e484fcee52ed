// What those who make trouble share: the processes, what is known of them, and who must be left alone for a moment.
import type { Arena } from './arena.ts';
import type { Facts } from './facts.ts';
import type { Pm2 } from './pm2.ts';
import { isOwn, signalOwn } from './processes.ts';
import { type ChaosRecord, monotonicMs, spanOf, type Target } from './record.ts';
import type { SandboxLink } from './sandbox-link.ts';
import type { SecondRelayer } from './second-relayer.ts';
import type { Vitals } from './vitals.ts';

export interface Stage {
  readonly arena: Arena;
  readonly pm2: Pm2;
  readonly facts: Facts;
  readonly link: SandboxLink;
  readonly second: SecondRelayer;
  readonly vitals: Vitals;
  readonly record: ChaosRecord;
  /** Aborted by Ctrl-C, or by `abandon`. Waits end at once with an error. */
  readonly signal: AbortSignal;
  /** Ends everything that goes on when a part of it has failed. */
  readonly abandon: AbortController;
  /** Processes that nobody may kill at the moment. */
  readonly spared: Set<Target>;
  /** What is going on, in a few words for people. */
  act: string;
}

/** Kills the process under that name at once and records it. False when there was none to kill. */
export function killNow(stage: Stage, target: Target): boolean {
  const { arena, vitals, record } = stage;
  const vital = vitals.of(target);
  if (vital === null) return false;
  const { pid, isUp } = vital;
  const atMs = Date.now();
  let isDone = false;
  const span = spanOf(() => {
    isDone = signalOwn(arena.folder, pid, 'SIGKILL');
  });
  if (isDone) {
    const leased = target === 'relayer' ? leasedByDead(stage, pid) : null;
    record.add({ kind: 'kill', target, pid, wasUp: isUp, leased, atMs, ...span });
  }
  return isDone;
}

const deathLimitMs = 20;

/** What a killed relayer leaves behind, read when it is gone and before PM2 starts the next; null if another one lives. */
function leasedByDead({ arena, facts, second }: Stage, pid: number): number | null {
  if (second.pid !== null) return null;
  const endMs = monotonicMs() + deathLimitMs;
  while (isOwn(arena.folder, pid) && monotonicMs() < endMs);
  return facts.leased();
}

/** Tells the process under that name to stop; returns its id, or null when there is none. */
export function stopNow({ arena, vitals, record }: Stage, target: Target): number | null {
  const pid = vitals.of(target)?.pid;
  if (pid === undefined) return null;
  const span = spanOf(() => signalOwn(arena.folder, pid, 'SIGTERM'));
  record.add({ kind: 'stop', target, pid, ...span });
  return pid;
}
