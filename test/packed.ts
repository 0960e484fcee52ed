// The package as another application installs it: `npm pack`, unpacked into that application's node_modules, with nothing
// beside it but what its package.json declares. The declared packages are linked from here, so that no network is needed;
// the deep tests (`npm run test:deep`) let npm install everything from the registry instead.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { projectRoot } from './helpers.ts';

/** What the tests read in a package.json. */
interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly private?: boolean;
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface PackedApp {
  readonly folder: string;
  /** Paths in the tarball. */
  readonly files: readonly string[];
  /** The package's own package.json. */
  readonly manifest: Manifest;
  /** A script of one of the application's packages, such as `typescript/bin/tsc`. */
  script(name: string): string;
  /** The script behind one of our bins. */
  bin(name: string): string;
  /** Runs a script to its end, in the application's folder unless told otherwise, and returns what it printed. Throws when it fails. */
  run(script: string, args: readonly string[], options?: RunOptions): string;
}

/** Copies an example into a folder of its own and installs the package there; call it before all tests of a file. */
export function installPacked(example: string): PackedApp {
  const folder = mkdtempSync(path.join(tmpdir(), 'outbox-packed-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const notCopied = ['node_modules', 'dist', 'generated', '.env'];
  const source = path.join(projectRoot, 'examples', example);
  cpSync(source, folder, { recursive: true, filter: (name) => !notCopied.includes(path.basename(name)) });

  const packed = JSON.parse(
    command('npm', ['pack', '--json', '--pack-destination', folder], { cwd: projectRoot }),
  );
  const [tarball] = Array.isArray(packed) ? packed : Object.values(packed);
  const home = path.join(folder, 'node_modules', 'transactional-outbox');
  if (process.env.OUTBOX_DEEP === '1') installWithNpm(folder, tarball.filename);
  else installByHand(folder, tarball.filename);
  const manifest = read(path.join(home, 'package.json'));
  const script = (name: string) => path.join(folder, 'node_modules', name);
  return {
    folder,
    files: tarball.files.map((file: { path: string }) => file.path),
    manifest,
    script,
    bin: (name) => path.join(home, manifest.bin?.[name] ?? `no bin ${name}`),
    run: (name, args, options) => command(process.execPath, [name, ...args], { cwd: folder, ...options }),
  };
}

function installWithNpm(folder: string, tarball: string): void {
  const install = ['install', '--no-audit', '--no-fund', `./${tarball}`];
  command('npm', install, {
    cwd: folder,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
  });
}

function installByHand(folder: string, tarball: string): void {
  const modules = path.join(folder, 'node_modules');
  const home = path.join(modules, 'transactional-outbox');
  mkdirSync(home, { recursive: true });
  command('tar', ['-xzf', path.join(folder, tarball), '-C', home, '--strip-components=1'], {});
  const own = read(path.join(folder, 'package.json'));
  const { dependencies } = read(path.join(home, 'package.json'));
  const wanted = Object.keys({ ...dependencies, ...own.dependencies, ...own.devDependencies });
  for (const name of wanted.filter((one) => one !== 'transactional-outbox'))
    link(name, path.join(modules, name));
  mkdirSync(path.join(modules, '.bin'));
  for (const [name, script] of Object.entries(read(path.join(home, 'package.json')).bin ?? {})) {
    chmodSync(path.join(home, script), 0o755);
    symlinkSync(path.join('..', 'transactional-outbox', script), path.join(modules, '.bin', name));
  }
}

function read(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function link(name: string, target: string): void {
  mkdirSync(path.dirname(target), { recursive: true });
  symlinkSync(path.join(projectRoot, 'node_modules', name), target);
}

function command(program: string, args: readonly string[], options: RunOptions): string {
  const { status, stdout, stderr } = spawnSync(program, [...args], { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}
