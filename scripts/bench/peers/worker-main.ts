// The worker of a peer as a process of its own: works as soon as it is started, and ends with whoever started it.
import type { Peer } from './peer.ts';
import { readTask } from './peer-task.ts';
import { postOf } from './post.ts';

process.on('disconnect', () => process.exit());
try {
  const { module, place, variant } = readTask(process.env);
  const { peer } = (await import(module)) as { readonly peer: Peer };
  await peer.startWorker(place, variant, postOf(variant, process.argv[2] ?? ''));
  process.send?.({ id: 0, value: null });
} catch (error) {
  // One line, which the benchmark passes on.
  console.error(String(error).split('\n')[0]);
  process.exit(1);
}
