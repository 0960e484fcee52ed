// Finds the processes of a run by its folder, which is in the environment of each of them, whoever is their parent, and
// signals only those. So a process that nobody remembers is found too, and nobody else's is ever hit.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface FoundProcess {
  readonly pid: number;
  /** Its command line, for people. */
  readonly command: string;
}

/** Every living process whose environment or command line names the folder, this one left out. */
export function processesOf(folder: string): readonly FoundProcess[] {
  const found = process.platform === 'linux' ? fromProc(folder) : fromPs(folder);
  return found.filter(({ pid }) => pid !== process.pid);
}

/**
 * Sends the signal if the process is one of the run's; says whether it did. Asked just before each signal, since a
 * process id may meanwhile belong to somebody else.
 */
export function signalOwn(folder: string, pid: number, signal: NodeJS.Signals): boolean {
  if (!isOwn(folder, pid)) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // It ended between the look and the signal.
    return false;
  }
}

/** Whether the process lives and is one of the run's. */
export function isOwn(folder: string, pid: number): boolean {
  if (process.platform === 'linux') return inProc(folder, pid) !== null;
  return fromPs(folder, pid).length > 0;
}

function fromProc(folder: string): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => inProc(folder, Number(name)))
    .filter((found) => found !== null);
}

/** A zombie's environment is empty, so that it does not count. */
function inProc(folder: string, pid: number): FoundProcess | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    if (environment === '' || !`${environment}\0${command}`.includes(folder)) return null;
    return { pid, command };
  } catch {
    return null;
  }
}

/** macOS: `-E` adds the environment, for processes of the same user. */
function fromPs(folder: string, pid?: number): FoundProcess[] {
  const which = pid === undefined ? ['-ax'] : ['-p', String(pid)];
  const { stdout } = spawnSync('ps', [...which, '-E', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter((line) => line.includes(folder))
    .map((line) => {
      const [, id = '0', command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return { pid: Number(id), command: command.slice(0, 120) };
    });
}
