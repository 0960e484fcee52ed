// How events come to be stored or lost in the sandbox, for the tests of reading back.
import type { ConfirmRig } from './confirm-rig.ts';

/** Events that the sandbox accepts and loses. */
export async function lose(rig: ConfirmRig, count: number, prefix: string): Promise<string[]> {
  const ids = rig.append(count, prefix);
  rig.sandbox.faults.add({ kind: 'accepted-lost' });
  await rig.deliver();
  rig.sandbox.faults.replace();
  return ids;
}

/** Events that the sandbox accepts and stores. */
export async function keep(rig: ConfirmRig, count: number, prefix: string): Promise<void> {
  rig.append(count, prefix);
  await rig.deliver();
}
