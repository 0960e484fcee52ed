// Kills one process of a server, and knows whether that is a crash to the server.
import { spawnSync } from 'node:child_process';

/**
 * Whether it was a child of that process, and was there to be killed. One that has ended and that its parent has not looked at yet can be
 * sent any signal, and its parent will still see the end that it had.
 */
export function killChild(pid: number, parent: number | null): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'ppid=,stat=', '-p', String(pid)], { encoding: 'utf8' });
  const [ppid, state = 'Z'] = stdout.trim().split(/\s+/);
  if (parent === null || Number(ppid) !== parent || state.startsWith('Z')) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
