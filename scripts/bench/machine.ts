// What was measured, on what: machine, versions, pragmas and commit, so that a figure can be judged and repeated.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../apps/outbox/environment.ts';
import { openDatabase } from '../../apps/outbox/sqlite/connection.ts';

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

/** Versions of what the figures depend on, by name. `file` is any database of the run. */
export async function versionsOf(file: string): Promise<Readonly<Record<string, string>>> {
  const db = await openDatabase(file, {
    synchronous: 'NORMAL',
    busyTimeoutMs: 5_000,
    autocheckpointPages: 1_000,
  });
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
  db.close();
  return {
    node: process.versions.node,
    sqlite,
    'better-sqlite3': versionOf('node_modules/better-sqlite3'),
    undici: versionOf('node_modules/undici'),
    pm2: versionOf('node_modules/pm2'),
  };
}

/** The pragmas of both sides as SQLite itself tells them. */
export async function pragmasOf(file: string): Promise<Readonly<Record<string, string>>> {
  const told: Record<string, string> = {};
  for (const [side, synchronous] of [
    ['relayer', 'NORMAL'],
    ['writer', 'FULL'],
  ] as const) {
    const db = await openDatabase(file, { synchronous, busyTimeoutMs: 5_000, autocheckpointPages: 1_000 });
    const names = ['journal_mode', 'synchronous', 'page_size', 'cache_size', 'journal_size_limit'] as const;
    told[side] = names.map((name) => `${name}=${db.pragma(name, { simple: true })}`).join(' ');
    db.close();
  }
  return told;
}

/** The commit of the working tree, with a plus when something in it was changed; null outside of git. */
export function commitOf(): string | null {
  const git = (...args: readonly string[]) =>
    spawnSync('git', args, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return null;
  return head.stdout.trim() + (git('status', '--porcelain').stdout === '' ? '' : '+');
}

function versionOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, folder, 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
