// The operator's command line as a process, on a database of its own.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isPostgresUrl } from '../apps/outbox/postgres/address.ts';
import { projectRoot, spawnNode } from './helpers.ts';

/** The compiled command line. */
export const outboxScript = path.join(projectRoot, 'build/scripts/outbox/main.js');

/** What a command came to. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npx outbox ...` on a database, a file or a `postgres://` URL, without a terminal, and with no setting of this machine. */
export function outbox(place: string, ...args: readonly string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [outboxScript, ...args], {
    env: { ...environment, DATABASE_URL: databaseUrl(place) },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** The same with an environment of the caller's, for a command that talks to a server of this very process. */
export async function outboxWith(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<CommandResult> {
  const command = spawnNode(outboxScript, args, { env: { ...environment, ...env } });
  const status = await command.exited;
  return {
    status: typeof status === 'number' ? status : null,
    stdout: command.stdout,
    stderr: command.stderr,
  };
}

const databaseUrl = (place: string) => (isPostgresUrl(place) ? place : `file:${place}`);

const environment = { PATH: process.env.PATH, HOME: process.env.HOME, OUTBOX_ENV_FILE: '/dev/null' };

/** What a command printed with --json. */
export function outboxJson<Result>(place: string, ...args: readonly string[]): Result {
  const { status, stdout, stderr } = outbox(place, ...args, '--json');
  if (status !== 0) throw new Error(`outbox ${args.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}
