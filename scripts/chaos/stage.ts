// What those who make trouble share: the processes, what is known of them, and who must be left alone for a moment.
import type { Arena } from './arena.ts';
import type { ChaosSettings } from './config.ts';
import type { Facts } from './facts.ts';
import type { Pm2 } from './pm2.ts';
import { isOwn, signalOwn } from './processes.ts';
import { type ChaosRecord, type Estate, monotonicMs, spanOf, type Target, type Who } from './record.ts';
import type { SandboxLink } from './sandbox-link.ts';
import type { Vital, Vitals } from './vitals.ts';

export interface Stage {
  readonly settings: ChaosSettings;
  readonly arena: Arena;
  readonly pm2: Pm2;
  /** Its engine, and its processes, which are no application. */
  readonly database: { readonly engine: 'sqlite' | 'postgres'; pids(): readonly number[] };
  readonly facts: Facts;
  readonly link: SandboxLink;
  readonly vitals: Vitals;
  readonly record: ChaosRecord;
  /** Aborted by Ctrl-C, or by `abandon`. Waits end at once with an error. */
  readonly signal: AbortSignal;
  /** Ends everything that goes on when a part of it has failed. */
  readonly abandon: AbortController;
  /** Whom nobody may kill at the moment. */
  readonly spared: Set<Target>;
  /** A storm is on: single kills rest. */
  isStormy: boolean;
  /** What is going on, in a few words for people. */
  act: string;
}

/** Everybody whom PM2 keeps running. */
export const everybody = ['ingester', 'relayer', 'sandbox'] as const satisfies readonly Target[];

/** Who the process is, without what is known of it. */
export function whoIs({ target, name, pid }: Who): Who {
  return { target, name, pid };
}

/** Kills the process at once and records it. False when it was gone already. */
export async function killNow(stage: Stage, vital: Vital): Promise<boolean> {
  const { arena, facts, record, database } = stage;
  const { pid, slot, isUp } = vital;
  const fromMs = monotonicMs();
  // A server is not asked in an instant. Stopped, the victim sends nothing that it did not hold when the answer came.
  if (slot !== null && database.engine === 'postgres') signalOwn(arena.folder, pid, 'SIGSTOP');
  const before = slot === null ? null : await facts.leasedBy(slot);
  const atMs = Date.now();
  record.willEnd(pid);
  let isDone = false;
  const { toMs } = spanOf(() => {
    isDone = signalOwn(arena.folder, pid, 'SIGKILL');
  });
  if (!isDone) return false;
  waitForDeath(arena, pid);
  let estate: Estate | null = null;
  if (slot !== null && before !== null) {
    // Read before its lock is free: the system gives a process's memory back first, and only then its files.
    const after = (await facts.leftBy({ pid, slot })) ?? [];
    const held = [...new Set([...before, ...after].map(({ key }) => key))];
    const leasedUntilMs = Math.min(...after.map(({ untilMs }) => untilMs), Number.MAX_SAFE_INTEGER);
    estate = { slot, held, leased: after.length, leasedUntilMs };
  }
  record.add({ kind: 'kill', ...whoIs(vital), wasUp: isUp, estate, atMs, fromMs, toMs });
  return true;
}

const deathLimitMs = 20;

function waitForDeath({ folder }: Arena, pid: number): void {
  const endMs = monotonicMs() + deathLimitMs;
  while (isOwn(folder, pid) && monotonicMs() < endMs);
}

/** Tells the process to stop. */
export function stopNow({ arena, record }: Stage, vital: Vital): void {
  const span = spanOf(() => signalOwn(arena.folder, vital.pid, 'SIGTERM'));
  record.add({ kind: 'stop', ...whoIs(vital), ...span });
}
