// Where settings come from and what relative paths mean: one answer for both applications, the ecosystem file and
// the command line. It reads `.env`; it changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { OutboxError } from './outbox-error.ts';

/** Variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Environment {
  /** The folder that `.env` and a relative database path are resolved against. */
  readonly root: string;
  /** The given variables over those of the file. An empty value counts as not set. */
  readonly variables: Variables;
}

/** The folder of this package, in which `prisma/migrations` lies, from source and from build alike. */
export const packageRoot: string = ancestorWith(
  path.dirname(fileURLToPath(import.meta.url)),
  'prisma/migrations',
);

/** Whether this package is a dependency of another application, and not the repository with its demo, or a copy of it. */
export const isInstalled: boolean = path.basename(path.dirname(packageRoot)) === 'node_modules';

/**
 * Reads the environment. The root is the folder of `ecosystem.config.js` when this package has one beside it;
 * in an application that only installed the package, it is the working directory.
 * OUTBOX_ENV_FILE names another file than `.env`, relative to the root; a run that must not see a developer's keys names
 * an empty one. Throws ERR_OUTBOX_CONFIG when the file cannot be read, or was named and does not exist.
 */
export function readEnvironment(given: { readonly variables: Variables; readonly cwd: string }): Environment {
  const root = existsSync(path.join(packageRoot, 'ecosystem.config.js')) ? packageRoot : given.cwd;
  const fromProcess = Object.entries(given.variables).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const named = given.variables.OUTBOX_ENV_FILE || undefined;
  const file = path.resolve(root, named ?? '.env');
  const fromFile = named === undefined && !existsSync(file) ? {} : readEnvFile(file);
  return { root, variables: { ...fromFile, ...Object.fromEntries(fromProcess) } };
}

/** The default of DATABASE_URL. */
export const defaultDatabaseUrl = 'file:./events.db';

/** DATABASE_URL as it is set, or its default. */
export function databaseUrl({ variables }: Pick<Environment, 'variables'>): string {
  return variables.DATABASE_URL ?? defaultDatabaseUrl;
}

/**
 * The absolute path of the database file that DATABASE_URL names (default `file:./events.db`), resolved against
 * the root. Throws ERR_OUTBOX_CONFIG for anything but a plain `file:` URL.
 */
export function databaseFile(environment: Environment): string {
  const url = databaseUrl(environment);
  const file = url.startsWith('file:') ? url.slice('file:'.length).replace(/^\/\/(?=\/)/, '') : '';
  if (/^postgres(?:ql)?:/i.test(url)) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `DATABASE_URL: this works on an SQLite file only, such as ${defaultDatabaseUrl}, got "${withoutPassword(url)}"`,
    );
  }
  // `file://x/y` names a host: nobody means that, and the path would silently be another one.
  if (file === '' || file.startsWith(':') || file.startsWith('//') || /[?#\0]/.test(file)) {
    // Prisma's older engine took parameters, so they stand in many a .env.
    const hint = /^file:[^?]+\?/.test(url) ? ': leave out the ? and what follows' : '';
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `DATABASE_URL: expected file: and a path, such as ${defaultDatabaseUrl}, got "${withoutPassword(url)}"${hint}`,
    );
  }
  return path.resolve(environment.root, file);
}

/** The absolute path of a database given as a path or a `file:` URL, relative to the working directory. Throws ERR_OUTBOX_CONFIG. */
export function fileOfUrl(url: string): string {
  // One letter is the drive of a path.
  const hasScheme = /^[a-z][a-z\d+.-]+:/i.test(url);
  const asUrl = hasScheme ? url : `file:${url}`;
  return databaseFile({ root: '', variables: { DATABASE_URL: asUrl } });
}

/** A URL as it may be shown: no user, no password (which may itself hold `/` and `@`), no query. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/.*@/s, '//***@').replace(/(:\/\/.*)\?.*/s, '$1?***');
}

function readEnvFile(file: string): Variables {
  try {
    const parsed = parseEnv(readFileSync(file, 'utf8'));
    return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== ''));
  } catch (cause) {
    throw new OutboxError('ERR_OUTBOX_CONFIG', `${file} cannot be read: make it readable, or do without it`, {
      cause,
    });
  }
}

function ancestorWith(start: string, entry: string): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, entry))) return folder;
    if (folder === path.dirname(folder)) throw new Error(`no folder above ${start} holds ${entry}`);
  }
}
