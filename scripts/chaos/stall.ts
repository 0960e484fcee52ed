// The sandbox stands still for a moment (SIGSTOP): shorter than any timeout, so that nothing may be sent twice for it.
import { harmlessDelayMs } from './arena.ts';
import { signalOwn } from './processes.ts';
import type { Random } from './random.ts';
import { monotonicMs } from './record.ts';
import { type Stage, whoIs } from './stage.ts';
import { pause } from './waiting.ts';

/** Stops it and lets it go on, unless it is down. */
export async function playStall(
  { arena, vitals, record, spared, signal }: Stage,
  random: Random,
): Promise<void> {
  const [sandbox] = await vitals.of('sandbox');
  if (sandbox === undefined) return;
  spared.add('sandbox');
  const fromMs = monotonicMs();
  const isStopped = signalOwn(arena.folder, sandbox.pid, 'SIGSTOP');
  try {
    if (isStopped) await pause(random.between(50, harmlessDelayMs), signal);
  } finally {
    signalOwn(arena.folder, sandbox.pid, 'SIGCONT');
    const toMs = monotonicMs();
    if (isStopped) record.add({ kind: 'pause', ...whoIs(sandbox), held: [], fenced: 0, fromMs, toMs });
    spared.delete('sandbox');
  }
}
