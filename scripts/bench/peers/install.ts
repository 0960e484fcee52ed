// Installs a peer into a folder of its own, by npm, and keeps it there for the next time. A folder that was not finished is not used, and
// nothing of a failed or interrupted installation stays.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { PeerInfo } from './peer.ts';

export type Installed =
  | { readonly kind: 'installed'; readonly modules: string }
  /** Why not, in a few words. */
  | { readonly kind: 'missing'; readonly why: string };

export interface InstallOptions {
  /** Holds a folder for each peer. */
  readonly cache: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** The command; a test brings its own. */
  readonly npm?: string;
}

/** Its name in the folder of a peer says that all is there, and in which versions. */
const markName = 'installed.json';
const limitMs = 180_000;

/** Never throws because of the installation itself: a peer that cannot be had is left out. */
export async function install(peer: PeerInfo, options: InstallOptions): Promise<Installed> {
  const folder = path.join(options.cache, peer.name);
  const mark = path.join(folder, markName);
  const wanted = JSON.stringify(peer.packages);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted)
    return { kind: 'installed', modules: folder };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: peer.packages }, null, 2),
  );
  options.say(`installing ${specifiers(peer)} into ${folder}`);
  const why = await npmInstall(folder, options);
  if (why !== null) {
    rmSync(folder, { recursive: true, force: true });
    return { kind: 'missing', why: `npm could not install ${specifiers(peer)}: ${why}` };
  }
  writeFileSync(mark, wanted);
  return { kind: 'installed', modules: folder };
}

function specifiers({ packages }: PeerInfo): string {
  return Object.entries(packages)
    .map(([name, version]) => `${name}@${version}`)
    .join(' ');
}

/** Null, or why it failed; npm has ended in either case. No scripts: none of the peers needs any. */
async function npmInstall(
  folder: string,
  { environment, signal, npm = 'npm' }: InstallOptions,
): Promise<string | null> {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const child = spawn(npm, ['install', '--prefix', folder, ...quiet, '--fetch-retries=1'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Out of reach of the terminal's Ctrl-C, which the signal brings.
    detached: true,
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const tooLong = AbortSignal.timeout(limitMs);
  const over = AbortSignal.any([signal, tooLong]);
  over.addEventListener('abort', () => child.kill('SIGKILL'));
  if (over.aborted) child.kill('SIGKILL');
  try {
    const [code, killedBy] = await once(child, 'close');
    if (signal.aborted) return 'interrupted';
    if (tooLong.aborted) return `not within ${limitMs / 1_000} s`;
    return code === 0 ? null : reasonOf(errors, `it ended with ${killedBy ?? `status ${code}`}`);
  } catch (error) {
    // It could not even be started.
    return error instanceof Error ? error.message : String(error);
  }
}

/** The line of npm that says most: its summary, else its code. */
function reasonOf(errors: string, otherwise: string): string {
  const lines = stripVTControlCharacters(errors)
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '');
  const code = lines.find((line) => line.startsWith('code '))?.slice('code '.length);
  const text = lines.find((line) => /not found|network|request to|No matching|ENOSPC|EACCES/i.test(line));
  return [code, text ?? lines[0] ?? otherwise].filter((part) => part !== undefined).join(', ');
}
