// Reads what two processes did to one database's files out of a system-call trace (strace -f -y -x), in the order in
// which it happened. It knows strace's lines; what a disk makes of the calls is not its business.
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { decodeText } from './trace-text.ts';

/** One call. It began at one place of the trace and was over at another; in between, others ran. */
export interface Call {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly does: Deed;
}

/** Files by their name in the traced folder; the folder itself is `.`. */
export type Deed =
  | { readonly kind: 'write'; readonly file: string; readonly offsetBytes: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: string; readonly sizeBytes: number }
  | { readonly kind: 'sync'; readonly file: string }
  /** Opened for creation; whether that made a file depends on whether there was one. */
  | { readonly kind: 'create'; readonly file: string }
  | { readonly kind: 'remove'; readonly file: string }
  /** An invoice id was appended to the journal: its COMMIT had returned before. */
  | { readonly kind: 'acknowledge'; readonly id: string };

/** The calls that can change a file, or make a change durable. */
export const tracedCalls =
  'openat,pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,msync,ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,copy_file_range,sendfile';

interface Begun {
  readonly beganAt: number;
  readonly text: string;
}

/**
 * The calls on `events.db`, its -wal and -journal, the folder, and `journal`. The -shm file is left out: a machine that
 * starts again rebuilds it. Throws at a call that changes one of them and is not understood.
 */
export async function readTrace(traceFile: string, folder: string): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const unfinished = new Map<string, Begun>();
  let at = 0;
  const lines = createInterface({ input: createReadStream(traceFile, 'latin1') });
  for await (const line of lines) {
    at += 2;
    const space = line.indexOf(' ');
    const thread = line.slice(0, space);
    let text = line.slice(space).trimStart();
    let beganAt = at;
    if (text.startsWith('<... ')) {
      const begun = unfinished.get(thread);
      unfinished.delete(thread);
      if (begun === undefined) continue;
      beganAt = begun.beganAt;
      text = begun.text + text.slice(text.indexOf('resumed>') + 'resumed>'.length);
    } else if (!text.includes(folder)) {
      continue;
    }
    if (text.endsWith('<unfinished ...>')) {
      unfinished.set(thread, { beganAt, text: text.slice(0, -'<unfinished ...>'.length) });
      continue;
    }
    const deed = deedOf(text, folder);
    if (deed !== null) calls.push({ beganAt, endedAt: at + 1, does: deed });
  }
  return calls.sort((a, b) => a.beganAt - b.beganAt);
}

const callPattern = /^(\w+)\((.*)\)\s+= (-?\d+)/s;

function deedOf(text: string, folder: string): Deed | null {
  const [, name = '', args = '', result = ''] = callPattern.exec(text) ?? [];
  if (name === '' || result.startsWith('-')) return null;
  const file = fileIn(
    name.startsWith('unlink') || name === 'openat' ? quotedPath(args) : described(args),
    folder,
  );
  if (file === null) return null;
  if (file === 'journal') return name === 'write' ? acknowledged(args) : null;
  switch (name) {
    case 'pwrite64':
      return written(args, file, Number(result));
    case 'ftruncate':
      return { kind: 'truncate', file, sizeBytes: Number(lastArgument(args)) };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', file };
    case 'openat':
      return args.includes('O_CREAT') ? { kind: 'create', file } : null;
    case 'unlink':
      return { kind: 'remove', file };
    default:
      throw new Error(`the trace holds ${name} on ${file}, which the disk model does not know`);
  }
}

/** The path that strace shows in angle brackets behind a descriptor. */
function described(args: string): string {
  return /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
}

function quotedPath(args: string): string {
  return /"((?:[^"\\]|\\.)*)"/.exec(args)?.[1] ?? '';
}

const tracedNames: readonly string[] = ['events.db', 'events.db-wal', 'events.db-journal', 'journal'];

function fileIn(full: string, folder: string): string | null {
  if (full === folder) return '.';
  const name = path.basename(full);
  return path.dirname(full) === folder && tracedNames.includes(name) ? name : null;
}

function lastArgument(args: string): string {
  return args.slice(args.lastIndexOf(',') + 1).trim();
}

function written(args: string, file: string, writtenBytes: number): Deed {
  const bytes = decodeText(args.slice(args.indexOf('"') + 1, args.lastIndexOf('"'))).subarray(
    0,
    writtenBytes,
  );
  if (bytes.length !== writtenBytes) throw new Error(`the trace cut a write to ${file} short`);
  return { kind: 'write', file, offsetBytes: Number(lastArgument(args)), bytes };
}

function acknowledged(args: string): Deed {
  const line = decodeText(args.slice(args.indexOf('"') + 1, args.lastIndexOf('"'))).toString('latin1');
  return { kind: 'acknowledge', id: line.trim() };
}
