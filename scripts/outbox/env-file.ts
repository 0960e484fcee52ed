// Puts settings into `.env`: into their own lines, whatever else stands there, readable by its owner only, whole or not at all.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { Environment } from '../../apps/outbox/environment.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';

/** The file that the applications read. */
export function envFile({ root, variables }: Environment): string {
  return path.resolve(root, variables.OUTBOX_ENV_FILE ?? '.env');
}

/** Throws ERR_OUTBOX_CONFIG unless the file could be written now: a key that is shown once must have somewhere to go. */
export function mustBeWritable(file: string): void {
  const probe = `${file}.probe-${process.pid}`;
  try {
    closeSync(openSync(probe, 'wx', 0o600));
    rmSync(probe);
    if (existsSync(file)) closeSync(openSync(file, 'r+'));
  } catch (cause) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `${file} cannot be written: make it writable. Nothing was changed`,
      { cause },
    );
  }
}

/** Sets the variables. Throws what the file system throws. */
export function writeEnv(file: string, variables: Readonly<Record<string, string>>): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const next = `${file}.next-${process.pid}`;
  const mode = existsSync(file) ? statSync(file).mode & 0o700 : 0o600;
  try {
    const descriptor = openSync(next, 'wx', mode | 0o600);
    try {
      writeSync(descriptor, withVariables(before, variables));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, file);
  } finally {
    rmSync(next, { force: true });
  }
}

/** The text with these variables set, each once. Pure: exported for its test. */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const kept = lines.filter((line) => !Object.keys(variables).some((name) => setsVariable(line, name)));
  const set = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
  return `${[...kept, ...set].join('\n')}\n`;
}

function setsVariable(line: string, name: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*=`).test(line);
}

/** As Node reads it back: a # would begin a comment, and outer blanks would be lost. */
function quoted(value: string): string {
  if (/^[\w.:/@+=-]*$/.test(value)) return value;
  const quote = ['"', "'", '`'].find((candidate) => !value.includes(candidate)) ?? '"';
  return `${quote}${value}${quote}`;
}
