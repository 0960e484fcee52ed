// The application of a peer as a process of its own: commits jobs, one by one or in bulk, and looks at what is left.
import type { ChildAnswer } from '../child-link.ts';
import { monotonicMs } from '../monotonic.ts';
import type { Peer, PeerStore } from './peer.ts';
import { formPeerEvent, formPeerEvents } from './peer-event.ts';
import { readTask } from './peer-task.ts';
import type { PeerCommit, StoreTask } from './store-link.ts';

const store = await open();
let next = 1_000_000_000;

process.on('disconnect', () => process.exit());
// Ctrl-C is the business of whoever started it.
process.on('SIGINT', () => {});
process.on('message', async (task: StoreTask) => {
  try {
    tell({ id: task.id, value: await answerTo(task) });
  } catch (error) {
    fail(error);
  }
});
tell({ id: 0, value: await store.about() });

async function open(): Promise<PeerStore> {
  try {
    const { module, place, variant } = readTask(process.env);
    const { peer } = (await import(module)) as { readonly peer: Peer };
    return await peer.openStore(place, variant);
  } catch (error) {
    fail(error);
  }
}

/** In one line, which the benchmark passes on. */
function fail(error: unknown): never {
  console.error(String(error).split('\n')[0]);
  process.exit(1);
}

async function answerTo(task: StoreTask): Promise<unknown> {
  switch (task.kind) {
    case 'fill':
      return store.fill(formPeerEvents(task.count));
    case 'trickle':
      return trickle(task.count, task.everyMs);
    case 'left':
      return store.left();
    case 'claimed':
      return store.claimedKeys();
    case 'server-cpu':
      return store.serverCpuMs();
    default:
      return task satisfies never;
  }
}

/** So many, one every `everyMs`, each on time or as soon as the one before it is committed. */
async function trickle(count: number, everyMs: number): Promise<readonly PeerCommit[]> {
  const commits: PeerCommit[] = [];
  const startMs = monotonicMs();
  for (let n = 0; n < count; n++) {
    const waitMs = startMs + n * everyMs - monotonicMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    next += 1;
    const event = formPeerEvent(next);
    await store.add(event);
    commits.push({ key: event.idempotency_key, committedMs: monotonicMs() });
  }
  return commits;
}

function tell(answer: ChildAnswer): void {
  process.send?.(answer);
}
