// PM2's own process is killed. Its applications notice and stop by themselves, nobody restarts anything, until PM2 is
// started again, here at once: its new processes meet old ones that still finish what they had begun.
import { signalOwn } from './processes.ts';
import type { Random } from './random.ts';
import { monotonicMs, spanOf } from './record.ts';
import { everybody, type Stage } from './stage.ts';
import { pause } from './waiting.ts';

/** Enough for the first acceptances, so that it is known how long they took. */
const workMs = 500;

/**
 * Plays the scene once; every other time the rest may be killed meanwhile. Throws ERR_CHAOS_COULD_NOT_RUN when PM2 does not
 * start again.
 */
export async function playPm2Kill(stage: Stage, random: Random): Promise<void> {
  const isAlone = random.next() < 0.5;
  for (const target of isAlone ? everybody : []) stage.spared.add(target);
  try {
    await killPm2(stage);
    if (isAlone) await pause(workMs, stage.signal);
  } finally {
    for (const target of everybody) stage.spared.delete(target);
  }
}

async function killPm2({ arena, pm2, vitals, record }: Stage): Promise<void> {
  const pid = pm2.daemonPid();
  if (pid === null) return;
  const left = (await vitals.all()).map((vital) => vital.pid);
  const span = spanOf(() => signalOwn(arena.folder, pid, 'SIGKILL'));
  record.add({ kind: 'PM2 kill', pid, left, ...span });
  // Its files name processes that it does not supervise any more.
  pm2.forgetProcesses();
  const fromMs = monotonicMs();
  const atMs = Date.now();
  await pm2.start();
  record.add({ kind: 'PM2 start', atMs, fromMs, toMs: monotonicMs() });
}
