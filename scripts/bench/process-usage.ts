// What another process has used so far: CPU time and memory, from /proc on Linux, from `ps` elsewhere.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** User and system time of all its threads, ms. Linux tells it to the microsecond, `ps` to a hundredth of a second at best. */
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** The most it ever had resident; null where nobody tells. */
  readonly peakBytes: number | null;
}

/** Looks at a living process. Throws when there is none of that id. */
export function usageOf(pid: number): ProcessUsage {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): ProcessUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return {
    // The scheduler's own account, in ns; /proc/<pid>/stat has hundredths of a second only. Node's threads live as long as it does.
    cpuMs: readdirSync(`/proc/${pid}/task`)
      .map(
        (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
      )
      .reduce((sum, ms) => sum + ms, 0),
    residentBytes: kilobytes('VmRSS') * 1_024,
    peakBytes: kilobytes('VmHWM') * 1_024,
  };
}

function fromPs(pid: number): ProcessUsage {
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'rss=,time='], { encoding: 'utf8' });
  const [resident, time] = (stdout ?? '').trim().split(/\s+/);
  if (resident === undefined || time === undefined) throw new Error(`no process ${pid}`);
  return { cpuMs: msOfTime(time), residentBytes: Number(resident) * 1_024, peakBytes: null };
}

/** `[[days-]hours:]minutes:seconds[.hundredths]` in ms. */
export function msOfTime(time: string): number {
  const [days, clock] = time.includes('-') ? time.split('-', 2) : ['0', time];
  const seconds = (clock ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}
