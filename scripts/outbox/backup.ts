// `backup`: a whole, checked copy of the database while the applications run. Under its final name there is a complete
// backup or nothing.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { corrupt } from '../../apps/outbox/database-error.ts';
import { databasePlace } from '../../apps/outbox/database-place.ts';
import { readEnvironment } from '../../apps/outbox/environment.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { outboxTable } from '../../apps/outbox/outbox-table.ts';
import { postgresAddress } from '../../apps/outbox/postgres/address.ts';
import { createOwnerOnly } from '../../apps/outbox/sqlite/connection.ts';
import { sizeOf } from '../../apps/outbox/sqlite/quiet-read.ts';
import type { BackupOrder, BackupWord } from './backup-worker.ts';
import { commandExitCodes } from './exit-code.ts';
import { type LongWork, longWork } from './long-work.ts';
import { jsonOption, printResult } from './output.ts';
import { pgDumpCommand } from './pg-dump.ts';
import { withOutbox } from './with-outbox.ts';
import { bytesText, eventsText, spanText } from './wording.ts';

interface BackupArguments {
  json: boolean;
  to: string;
}

const lookEveryMs = 100;

export const backupCommand: CommandModule<object, BackupArguments> = {
  command: 'backup <to>',
  describe: 'Copy the database while the applications run',
  builder: (options) =>
    options
      .positional('to', { type: 'string', demandOption: true, describe: 'A new file, or a folder' })
      .options(jsonOption)
      .example(`${commandName.outbox} backup /backup`, 'A file in it that is named for the instant')
      .example(
        `${commandName.outbox} backup /backup/events.db`,
        'That file, which must not exist yet',
      ) as never,
  async handler({ to, json }) {
    refuseOnServer(to);
    await withOutbox('read', async ({ table, engine }) => {
      if (engine.kind !== 'sqlite') return;
      const { file } = engine;
      const startMs = systemClock.monotonicMs();
      const target = targetOf(to, file);
      // A short name: with more behind the target's own it might be longer than a name can be.
      const partial = path.join(path.dirname(target), `outbox-backup-${process.pid}.partial`);
      const needBytes = roomNeeded(file, target);
      try {
        createOwnerOnly(partial);
        const done = await longWork('KB copied', (work) =>
          copy({ file, target: partial, table }, { work, needBytes }),
        );
        if (done.problems.length > 0) {
          throw new OutboxError(
            'ERR_OUTBOX_DATABASE_CORRUPT',
            `the copy of ${file} fails SQLite's check: ${done.problems.join('; ')}. No backup was kept; look at the disk`,
          );
        }
        keep(partial, target);
        const bytes = statSync(target).size;
        const tookMs = Math.round(systemClock.monotonicMs() - startMs);
        printResult(json, { file: target, bytes, events: done.events, tookMs }, () => [
          `${target}  ${bytesText(bytes)}, ${eventsText(done.events)}, checked, in ${spanText(tookMs)}`,
        ]);
      } finally {
        rmSync(partial, { force: true });
      }
    });
  },
};

/** A server has its own tool, which the application's own tables may need as well. Throws ERR_OUTBOX_CONFIG. */
function refuseOnServer(to: string): void {
  const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
  const { engine, url, shown } = databasePlace(environment);
  if (engine === 'sqlite') return;
  const table = outboxTable(environment);
  const dump = pgDumpCommand(postgresAddress(url), { table, to });
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `backup copies an SQLite file, and ${shown} is a server: use its own backups, or for the outbox's tables alone: ${dump}`,
  );
}

function targetOf(to: string, file: string): string {
  const given = path.resolve(to);
  const isFolder = statusOf(given)?.isDirectory() === true;
  const stamp = new Date(systemClock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const target = isFolder ? path.join(given, `${path.parse(file).name}-${stamp}.db`) : given;
  if (statusOf(target) !== undefined) throw misused(`${target} exists: name another file, or a folder`);
  if (!existsSync(path.dirname(target)))
    throw misused(`there is no folder ${path.dirname(target)}: create it`);
  return target;
}

/** Undefined when nothing is there. Throws ERR_OUTBOX_CONFIG where nothing can be: a name that is too long, a folder that is closed. */
function statusOf(target: string): Stats | undefined {
  try {
    return statSync(target, { throwIfNoEntry: false });
  } catch (cause) {
    const isTooLong = cause instanceof Error && 'code' in cause && cause.code === 'ENAMETOOLONG';
    if (isTooLong)
      throw misused(`the name is longer than a file's name can be: ${target}. Give a shorter one`);
    throw misused(`${target} cannot be looked at: name another file, or a folder`, cause);
  }
}

function misused(what: string, cause?: unknown): OutboxError {
  return new OutboxError('ERR_OUTBOX_CONFIG', `${what}. Nothing was written`, { cause });
}

/** What the copy will take at most. Throws ERR_OUTBOX_DATABASE_BLOCKED when there is less room. */
function roomNeeded(file: string, target: string): number {
  const bytes = sizeOf(file) + sizeOf(`${file}-wal`);
  const { bavail, bsize } = statfsSync(path.dirname(target));
  if (bavail * bsize >= bytes) return bytes;
  throw new OutboxError(
    'ERR_OUTBOX_DATABASE_BLOCKED',
    `a backup may take ${bytesText(bytes)}, and ${path.dirname(target)} has room for ${bytesText(bavail * bsize)}: make room. Nothing was written`,
  );
}

type Done = Extract<BackupWord, { kind: 'done' }>;

function copy(
  order: BackupOrder,
  { work, needBytes }: { readonly work: LongWork; readonly needBytes: number },
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const script = `./backup-worker${path.extname(fileURLToPath(import.meta.url))}`;
    const worker = new Worker(new URL(script, import.meta.url), { workerData: order });
    const kb = (bytes: number) => Math.round(bytes / 1_000);
    const timer = setInterval(() => work.tell(kb(sizeOf(order.target)), kb(needBytes)), lookEveryMs);
    // SQLite does not stop in the middle of its copy: the whole process does, and leaves nothing.
    work.signal.addEventListener('abort', () => {
      rmSync(order.target, { force: true });
      rmSync(`${order.target}-journal`, { force: true });
      process.stderr.write('interrupted: no backup was kept\n');
      process.exit(commandExitCodes.interrupted);
    });
    worker.on('message', (word: BackupWord) => {
      if (word.kind === 'done') resolve(word);
      if (word.kind === 'failed') reject(failure(order, word));
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      clearInterval(timer);
      reject(new Error('the copying thread ended without a word'));
    });
  });
}

function failure({ file, target }: BackupOrder, word: Extract<BackupWord, { kind: 'failed' }>): OutboxError {
  const cause = new Error(`${word.message} (${word.code})`);
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(word.code)) return corrupt(file, cause);
  return new OutboxError(
    'ERR_OUTBOX_DATABASE_BLOCKED',
    `${file} cannot be copied to ${path.dirname(target)}: check the room there and that this user may write there. No backup was kept`,
    { cause },
  );
}

/** On the disk first, then under its name. */
function keep(partial: string, target: string): void {
  sync(partial);
  renameSync(partial, target);
  sync(path.dirname(target));
}

function sync(fileOrFolder: string): void {
  const descriptor = openSync(fileOrFolder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
