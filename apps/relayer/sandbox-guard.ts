// Keeps the local sandbox and a real Convoy apart: real events must never vanish into an imitation, and events that
// only the imitation accepted must not be forgotten when a real key is set.
import { commandName } from '../outbox/command-name.ts';
import type { Log } from '../outbox/log.ts';
import { OutboxError } from '../outbox/outbox-error.ts';
import { isSandbox, sandboxProjectId } from '../outbox/sandbox-name.ts';
import type { OutboxStore } from '../outbox/store.ts';

/**
 * Throws ERR_OUTBOX_CONFIG when this relayer would hand the events of a database that has delivered to a real Convoy to
 * the sandbox.
 */
export async function refuseSandboxAfterConvoy(store: OutboxStore, projectId: string): Promise<void> {
  if (projectId !== sandboxProjectId) return;
  const real = (await store.verifiedGateways()).find((gateway) => !isSandbox(gateway));
  if (real === undefined) return;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `CONVOY_API_KEY and CONVOY_PROJECT_ID are not set, but this database delivers to ${real}: its events do not go to the sandbox. ` +
      'Set both again, or point DATABASE_URL at another file to try things out.',
  );
}

/**
 * Says how many events only the sandbox has accepted, and how to send them to the real Convoy. They are the first that were accepted at
 * all, since no database goes back to the sandbox; of very many not all are counted.
 */
export async function tellSandboxLeftovers(store: OutboxStore, projectId: string, log: Log): Promise<void> {
  if (projectId === sandboxProjectId) return;
  let events = 0;
  for (const gateway of await store.verifiedGateways()) {
    if (isSandbox(gateway)) events += await store.acceptedBy(gateway);
  }
  if (events === 0) return;
  log.warn('only the sandbox accepted these events, Convoy never saw them', {
    events,
    to_send_them: `${commandName.outbox} redrive --accepted-by sandbox`,
  });
}
