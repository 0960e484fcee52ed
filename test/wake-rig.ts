// A wake that counts its hints, and another process that commits when told to.
import { onTestFinished } from 'vitest';
import { systemClock } from '../apps/outbox/clock.ts';
import { startWake, type WakeOptions } from '../apps/outbox/sqlite/wake.ts';
import { spawnNode, waitFor } from './helpers.ts';
import { MemoryLog } from './relayer-rig.ts';

/** Starts a wake that counts; stopped when the test has finished. */
export function countWakes(change: Partial<WakeOptions> & Pick<WakeOptions, 'databaseFile' | 'dataVersion'>) {
  const seen = { wakes: 0, log: new MemoryLog() };
  const stop = startWake({
    onChange: () => {
      seen.wakes += 1;
    },
    clock: systemClock,
    log: seen.log,
    ...change,
  });
  onTestFinished(stop);
  return { seen, stop };
}

/** Another process that commits when told to. */
export async function startCommitter(file: string) {
  const { child } = spawnNode('test/fixtures/committer.mjs', [file], { ipc: true });
  let answers = 0;
  child.on('message', () => {
    answers += 1;
  });
  await waitFor('the other process', () => answers === 1);
  return () => void child.send('commit');
}
