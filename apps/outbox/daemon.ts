// The life of a process: how it starts, how signals and a lost supervisor stop it, and what its exit code says. The
// applications themselves know nothing of processes.
import process from 'node:process';
import { systemClock } from './clock.ts';
import type { Variables } from './environment.ts';
import { errorText, flushLogs } from './log.ts';
import { OutboxError, type OutboxErrorCode } from './outbox-error.ts';

/** Exit codes of both applications. PM2 restarts after 1 only (see `stop_exit_codes` in ecosystem.config.js). */
export const exitCodes = {
  stopped: 0,
  failed: 1,
  misconfigured: 2,
  databaseUnusable: 3,
  stoppedTwice: 130,
} as const;

/** What a running application gives its daemon. */
export interface Application {
  /** Stops cleanly; called once. */
  stop(): void;
  /** Resolves when the application has stopped, rejects when it failed. */
  readonly stopped: Promise<void>;
}

export interface ProcessContext {
  /** Arguments after the script's name. */
  readonly args: readonly string[];
  readonly variables: Variables;
  readonly cwd: string;
  readonly pid: number;
  /** Tells PM2 that the application is up (`wait_ready`). */
  ready(): void;
}

/**
 * Runs an application until it stops. `start` returns the running application, or a text to print (`--help`).
 * SIGINT, SIGTERM and the loss of the supervisor's channel stop it; a second signal ends the process at once, and so does the
 * first while `start` is still waiting for something (a lock, a full disk): until it has resolved, nothing may be under way that
 * a `kill -9` could hurt.
 * An OutboxError ends it with one line on standard error and the exit code of its kind; any other error with its
 * stack, exit code 1.
 */
export async function runDaemon(
  start: (context: ProcessContext) => Promise<Application | string>,
): Promise<void> {
  // When PM2's own process dies, its pipes break. An unhandled EPIPE would kill the drain halfway.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const stop = stopOnSignals();
  try {
    const application = await Promise.race([start(contextOfProcess()), stop]);
    if (typeof application === 'string') {
      process.stdout.write(`${application}\n`);
    } else if (application !== undefined) {
      stop.then(() => application.stop());
      await application.stopped;
    }
    await exitWith(exitCodes.stopped);
  } catch (error) {
    process.stderr.write(`${error instanceof OutboxError ? errorText(error) : stackOf(error)}\n`);
    await exitWith(exitCodeOf(error));
  }
}

function contextOfProcess(): ProcessContext {
  return {
    args: process.argv.slice(2),
    variables: process.env,
    cwd: process.cwd(),
    pid: process.pid,
    ready: () => {
      // With a callback a supervisor that has just died is no error: its loss stops the application by itself.
      if (process.connected) process.send?.('ready', () => {});
    },
  };
}

function stopOnSignals(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(exitCodes.stoppedTwice);
      asked = true;
      resolve();
    };
    const onLoss = () => {
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('disconnect', onLoss);
    // A supervisor that died while this process was still loading is not announced again; without one it is undefined.
    if (process.connected === false) onLoss();
  });
}

/** By then everything is settled and closed: nobody is waited for who does not read (a supervisor that stands still). */
const lastWordsMs = 1_000;

/** Exits once what was written has left: output to a pipe is asynchronous, and process.exit would cut it off. */
async function exitWith(code: number): Promise<void> {
  process.exitCode = code;
  await flushLogs();
  if (process.connected) process.disconnect();
  systemClock.after(lastWordsMs, () => process.exit(code));
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

const databaseCodes: readonly OutboxErrorCode[] = [
  'ERR_OUTBOX_DATABASE_CORRUPT',
  'ERR_OUTBOX_DATABASE_FOREIGN',
  'ERR_OUTBOX_DATABASE_HISTORY',
];
const configurationCodes: readonly OutboxErrorCode[] = [
  'ERR_OUTBOX_CONFIG',
  'ERR_OUTBOX_DATABASE_UNAVAILABLE',
  'ERR_OUTBOX_SQLITE_VERSION',
  'ERR_OUTBOX_POSTGRES_VERSION',
  'ERR_OUTBOX_WRONG_PROJECT',
];

/** The exit code of what ended a process: by the kind of an OutboxError, 1 for everything else. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof OutboxError)) return exitCodes.failed;
  if (databaseCodes.includes(error.code)) return exitCodes.databaseUnusable;
  return configurationCodes.includes(error.code) ? exitCodes.misconfigured : exitCodes.failed;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
