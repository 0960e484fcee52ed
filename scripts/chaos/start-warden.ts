// Starts the warden of a run (warden.ts), which clears up should the run itself be killed.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';

/** Should this very process be killed, somebody else clears up. Returns how to tell that there is no need to. */
export function startWarden(folder: string): () => void {
  // Its own environment and arguments do not name the folder, or it would be taken for a process of the run.
  const warden = spawn(process.execPath, [path.join(packageRoot, 'build/scripts/chaos/warden.js')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  warden.on('error', () => {});
  warden.stdin.on('error', () => {});
  warden.stdin.write(`${folder}\n`);
  warden.unref();
  return () => void warden.stdin.end('all clear');
}
