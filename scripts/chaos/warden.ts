// Outlives a run that was itself killed: a process beside it that waits for its end and then clears up what it could not.
// The run tells it the folder through its standard input; the end of that is the end of the run, however it came.
import { rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { killAll } from './heal.ts';
import { dropLeftover } from './postgres/leftover.ts';

// The terminal's Ctrl-C is the run's business.
process.on('SIGINT', () => {});
const [folder = '', word] = (await text(process.stdin)).split('\n');
// The second line is what a run writes when it has cleared up by itself.
if (folder !== '' && word !== 'all clear') {
  await killAll(folder);
  await dropLeftover(folder).catch(() => {});
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
