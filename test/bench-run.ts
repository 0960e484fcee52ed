// The bench command, started as a person starts it, in folders of its own. It judges nothing.
import { chmodSync } from 'node:fs';
import { processesOf } from '../scripts/chaos/processes.ts';
import { spawnNode, tempDirectory } from './helpers.ts';

/** `left` tells which processes of the run are there beside the command itself. */
export function startBench(...args: readonly string[]) {
  const temp = tempDirectory();
  // A server of the bench's own runs as another user where root runs the tests.
  chmodSync(temp, 0o711);
  const out = tempDirectory();
  const env = { ...process.env, TMPDIR: temp, CONVOY_API_KEY: 'never-to-be-used', RELAYER_CONCURRENCY: '1' };
  const run = spawnNode('build/scripts/bench/main.js', [...args, '--out', out], { env });
  const left = () =>
    processesOf(temp).filter(({ pid, command }) => pid !== run.pid && !command.includes('warden'));
  return { run, temp, out, left };
}
