// A wake that counts its hints, and another process that commits when told to.
import { onTestFinished } from 'vitest';
import { systemClock } from '../apps/outbox/clock.ts';
import { startWake, type WakeOptions } from '../apps/outbox/sqlite/wake.ts';
import { spawnNode, waitFor } from './helpers.ts';
import { MemoryLog } from './relayer-rig.ts';

/** Starts a wake that counts; stopped when the test has finished. */
export function countWakes({
  onWake = () => {},
  isQuiet = false,
  ...change
}: Pick<WakeOptions, 'databaseFile' | 'dataVersion'> & {
  readonly clock?: WakeOptions['clock'];
  readonly onWake?: () => void;
  readonly isQuiet?: boolean;
}) {
  const seen = { wakes: 0, log: new MemoryLog() };
  const wake = () => {
    seen.wakes += 1;
    onWake();
  };
  const stop = startWake({
    woken: { wake, isQuiet },
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
