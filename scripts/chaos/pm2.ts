// PM2 as a person would use it: its command line, in a home of the run's own. Process ids come from PM2's pid files,
// which cost nothing to read; the command line takes 0.3 s of CPU.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { pm2Script } from '../pm2-home.ts';
import type { Arena } from './arena.ts';
import { ChaosError } from './chaos-error.ts';

/** The applications in the ecosystem file, under the names they have there. */
export const supervisedApps = ['sandbox', 'relayer', 'ingester'] as const;
export type SupervisedApp = (typeof supervisedApps)[number];

export interface Pm2 {
  /** Starts what is in the project's own ecosystem file: everything, or one application. */
  start(only?: SupervisedApp): Promise<void>;
  stop(app: SupervisedApp): Promise<void>;
  /** Stops everything, PM2 too. */
  kill(): Promise<void>;
  /** The process that PM2 runs now, or null between two. It may have died a moment ago. */
  pidOf(app: SupervisedApp): number | null;
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
    pidOf: (app) => {
      const folder = path.join(home, 'pids');
      const name = existsSync(folder) ? readdirSync(folder).find((file) => isPidFile(file, app)) : undefined;
      return name === undefined ? null : pidIn(path.join(folder, name));
    },
    daemonPid: () => pidIn(path.join(home, 'pm2.pid')),
  };
}

function isPidFile(file: string, app: SupervisedApp): boolean {
  return file.startsWith(`${app}-`) && /-\d+\.pid$/.test(file);
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
