// The chaos command as a child process, in a temp folder of its own, so that a test sees what it leaves behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processesOf } from '../scripts/chaos/processes.ts';
import { projectRoot, waitFor } from './helpers.ts';

/** Everything that the runs of one test file put into the system's temp folder; made by the first of them, since all may be skipped. */
const tempFolder = path.join(tmpdir(), `outbox-t-${randomBytes(4).toString('hex')}`);
/** Where all of them leave their results. */
const resultsFolder = path.join(tempFolder, 'results');
const children = new Set<ChildProcess>();

export interface ChaosRun {
  readonly child: ChildProcess;
  /** What it has said so far, on both outputs. */
  readonly said: () => string;
  readonly exited: Promise<number>;
  /** The folder that it says it has kept. Throws when it says nothing of the kind. */
  readonly keptFolder: () => string;
  /** What lies in its temp folder. */
  readonly leftFiles: () => readonly string[];
  /** What runs with its temp folder in its environment, the command itself left out. */
  readonly leftProcesses: () => readonly string[];
}

/** Starts the built command. The caller's environment has settings that must not get through. */
export function startChaos(...args: readonly string[]): ChaosRun {
  mkdirSync(tempFolder, { recursive: true });
  const folder = mkdtempSync(path.join(tempFolder, 'r-'));
  // Root runs a PostgreSQL server as another user, who must be able to go through.
  for (const way of [tempFolder, folder]) chmodSync(way, 0o711);
  const child = spawn(process.execPath, ['build/scripts/chaos/main.js', ...args, '--out', resultsFolder], {
    cwd: projectRoot,
    env: { ...process.env, TMPDIR: folder, CONVOY_API_KEY: 'never-to-be-used', RELAYER_CONCURRENCY: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let text = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  return {
    child,
    said: () => text,
    exited: once(child, 'close').then(([code]) => Number(code)),
    keptFolder: () => {
      const kept = /kept: (\S+)/.exec(text)?.[1];
      if (kept === undefined) throw new Error(`no folder was kept:\n${text}`);
      return kept;
    },
    leftFiles: () => readdirSync(folder),
    leftProcesses: () => {
      const others = processesOf(folder).filter(({ pid }) => pid !== child.pid);
      return others.map(({ command }) => command);
    },
  };
}

/** What stands in the result or the picture that a run says it has written. */
export function resultFile(run: ChaosRun, ending: 'json' | 'svg'): string {
  const file = new RegExp(`: (\\S+\\.${ending})$`, 'm').exec(run.said())?.[1];
  if (file === undefined) throw new Error(`no ${ending} was written:\n${run.said()}`);
  return readFileSync(file, 'utf8');
}

/** Ends every run that has not ended. A run that is told to end clears up; so does the warden of one that cannot. */
export async function endChaos(): Promise<void> {
  for (const child of children) child.kill('SIGTERM');
  await waitFor('no process is left', () => processesOf(tempFolder).length === 0, 30_000);
  rmSync(tempFolder, { recursive: true, force: true });
}
