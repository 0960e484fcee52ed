// `npm start`: everything in the foreground under PM2, in a PM2 home of this database's own, so that Ctrl-C, which ends
// every application of its PM2 home, ends nothing of anybody else's.
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { databasePlace } from '../apps/outbox/database-place.ts';
import { packageRoot, readEnvironment } from '../apps/outbox/environment.ts';
import { errorText } from '../apps/outbox/log.ts';
import { OutboxError } from '../apps/outbox/outbox-error.ts';
import { pm2Home, pm2Script } from './pm2-home.ts';

try {
  await start();
} catch (error) {
  if (!(error instanceof OutboxError)) throw error;
  console.error(errorText(error));
  process.exit(2);
}

async function start(): Promise<void> {
  const home = pm2Home(databasePlace(readEnvironment({ variables: process.env, cwd: process.cwd() })).shown);
  if (await isRunning(home)) {
    const pid = pidIn(home);
    console.error(
      `already running (PM2 process ${pid}): its terminal shows the log. Stop it there with Ctrl-C, or with: kill ${pid}`,
    );
    process.exit(1);
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  mustBeOurs(home);
  run(home);
}

/** The name can be guessed, and whoever owns the folder owns the PM2 in it. */
function mustBeOurs(home: string): void {
  const found = lstatSync(home);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `${home} is not a folder of yours alone: remove it, then start again`,
  );
}

function run(pm2HomeFolder: string): void {
  const pm2 = spawn(
    process.execPath,
    [pm2Script('pm2-runtime'), 'start', path.join(packageRoot, 'ecosystem.config.js'), '--raw'],
    { cwd: packageRoot, stdio: 'inherit', env: { ...process.env, PM2_HOME: pm2HomeFolder } },
  );
  // Ctrl-C reaches PM2 by itself, as it does every process of the terminal; a signal sent to us alone is passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => pm2.kill('SIGTERM'));
  process.on('SIGHUP', () => pm2.kill('SIGTERM'));
  pm2.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

/** Whether a PM2 answers on the home's socket. A socket file that nobody listens on is a leftover of a crash. */
function isRunning(folder: string): Promise<boolean> {
  const socketFile = path.join(folder, 'rpc.sock');
  if (!existsSync(socketFile) || !statSync(socketFile).isSocket()) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(socketFile);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function pidIn(folder: string): string {
  const file = path.join(folder, 'pm2.pid');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'unknown';
}
