// Another process that holds a relayer slot, as a relayer does.
import { spawnNode, waitFor } from './helpers.ts';

export interface SlotHolder {
  readonly slot: string;
  readonly pid: number;
  /** Ends it as a crash does, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a process that takes the first free slot. */
export async function startSlotHolder(databaseFile: string): Promise<SlotHolder> {
  const holder = spawnNode('test/fixtures/slot-holder.mjs', [databaseFile], { ipc: true });
  let slot: string | null = null;
  holder.child.on('message', (name) => {
    slot = String(name);
  });
  return {
    slot: await waitFor('the slot of the other process', () => slot),
    pid: holder.pid,
    async kill() {
      holder.child.kill('SIGKILL');
      await holder.exited;
    },
  };
}
