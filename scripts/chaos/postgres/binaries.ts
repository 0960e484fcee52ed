// Where PostgreSQL's own programs are on this machine, and as whom they may run: a server refuses to run as root. It starts none.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Folders in which packages put them, one folder a version. */
const packagedIn = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt', '/usr'];

/** The folder with `initdb` and `postgres`; null when there is none. */
export function findBinaries(): string | null {
  const asked = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim();
  const inPath = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  // A link in the PATH leads to where the rest is.
  const linked = inPath
    .map((folder) => path.join(folder, 'initdb'))
    .filter(existsSync)
    .map((file) => path.dirname(realpathSync(file)));
  const candidates = [asked ?? '', ...inPath, ...linked, ...packagedIn.flatMap(versionsIn)];
  return candidates.find((folder) => folder !== '' && isComplete(folder)) ?? null;
}

/** The newest first. */
function versionsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^(?:\d+|(?:postgresql|pgsql).*)$/.test(name))
    .sort((a, b) => Number.parseInt(b.replace(/\D+/, ''), 10) - Number.parseInt(a.replace(/\D+/, ''), 10))
    .map((name) => path.join(folder, name, 'bin'));
}

function isComplete(folder: string): boolean {
  return ['initdb', 'postgres'].every((name) => existsSync(path.join(folder, name)));
}

/** As whom a server is run. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Null for whoever may run a server: everybody but root. Root becomes `postgres`, or `nobody` where there is none. */
export function serverUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout || Number.NaN),
    );
    if (uid !== undefined && gid !== undefined && uid > 0 && gid > 0) return { uid, gid, name };
  }
  return null;
}
