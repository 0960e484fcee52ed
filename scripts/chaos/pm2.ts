// PM2 as a person would use it: its command line, in a home of the run's own. Process ids come from PM2's pid files,
// which cost nothing to read; the command line takes 0.3 s of CPU.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { pm2Script } from '../pm2-home.ts';
import type { Arena } from './arena.ts';
import { ChaosError } from './chaos-error.ts';
import type { Target, Who } from './record.ts';

/** The applications in the ecosystem file, under the names they have there. */
export const supervisedApps = ['sandbox', 'relayer', 'ingester'] as const satisfies readonly Target[];

/** A process that PM2 runs. */
export interface Supervised extends Who {
  /** When PM2 started it; epoch ms. Process ids come round again within minutes on a busy machine. */
  readonly sinceMs: number;
}

export interface Pm2 {
  /** Starts what is in the project's own ecosystem file: everything, or one application. */
  start(only?: Target): Promise<void>;
  stop(app: Target): Promise<void>;
  /** Stops everything, PM2 too. */
  kill(): Promise<void>;
  /** The processes that PM2 runs now. Each may have died a moment ago. */
  processes(): readonly Supervised[];
  /** Removes its notes of processes, after its own death: they would name those of the dead one. */
  forgetProcesses(): void;
  /** PM2's own process, or null. */
  daemonPid(): number | null;
}

const commandLimitMs = 60_000;

/** PM2 in the folder of a run, whose environment names it as PM2's home. */
export function createPm2(arena: Pick<Arena, 'environment' | 'file'>): Pm2 {
  const home = arena.file('pm2');
  return {
    start: (only) => {
      const file = path.join(packageRoot, 'ecosystem.config.js');
      return command(arena, ['start', file, ...(only === undefined ? [] : ['--only', only])]);
    },
    stop: (app) => command(arena, ['stop', app]),
    kill: () => command(arena, ['kill']),
    processes: () => {
      const folder = path.join(home, 'pids');
      const files = existsSync(folder) ? readdirSync(folder) : [];
      return files.flatMap((file) => supervisedIn(folder, file));
    },
    forgetProcesses: () => rmSync(path.join(home, 'pids'), { recursive: true, force: true }),
    daemonPid: () => pidIn(path.join(home, 'pm2.pid')),
  };
}

/** What a pid file tells; nothing when it is none of ours, or is being replaced. */
function supervisedIn(folder: string, file: string): readonly Supervised[] {
  const [, name = '', app] = /^((\w+)-\d+)\.pid$/.exec(file) ?? [];
  const target = supervisedApps.find((known) => known === app);
  const sinceMs = statSync(path.join(folder, file), { throwIfNoEntry: false })?.mtimeMs;
  const pid = pidIn(path.join(folder, file));
  if (target === undefined || pid === null || sinceMs === undefined) return [];
  return [{ target, name, pid, sinceMs }];
}

function pidIn(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

/** Runs one of PM2's commands. Throws ERR_CHAOS_COULD_NOT_RUN when it fails or takes too long. */
async function command(arena: Pick<Arena, 'environment' | 'file'>, args: readonly string[]): Promise<void> {
  const output = openSync(arena.file('pm2-commands.txt'), 'a');
  const child = spawn(process.execPath, [pm2Script('pm2'), ...args], {
    cwd: packageRoot,
    env: arena.environment,
    stdio: ['ignore', output, output],
    // Out of reach of the terminal's Ctrl-C, which would cut a clean-up in half.
    detached: true,
  });
  closeSync(output);
  const timer = setTimeout(() => child.kill('SIGKILL'), commandLimitMs);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  if (code === 0) return;
  throw new ChaosError(
    'ERR_CHAOS_COULD_NOT_RUN',
    `"pm2 ${args.join(' ')}" failed: ${lastLines(arena.file('pm2-commands.txt'))}`,
  );
}

function lastLines(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join(' / ');
}
