// What was measured, on what: machine, versions, pragmas and commit, so that a figure can be judged and repeated.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Runnable processes in the last minute, before anything was measured. */
  readonly loadBefore: number;
}

export function machineOf(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Versions of what the figures depend on, whatever the engine, by name. */
export function versionsOf(): Readonly<Record<string, string>> {
  return {
    node: process.versions.node,
    undici: versionOf('undici'),
    pm2: versionOf('pm2'),
  };
}

/** The commit of the working tree, with a plus when something in it was changed; null outside of git. */
export function commitOf(): string | null {
  const git = (...args: readonly string[]) =>
    spawnSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return null;
  return head.stdout.trim() + (git('status', '--porcelain').stdout === '' ? '' : '+');
}

/** Of a package that is installed. */
export function versionOf(name: string): string {
  const file = path.join(packageRoot, 'node_modules', name, 'package.json');
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
