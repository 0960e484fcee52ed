// `npm start` as a person uses it: real PM2, real processes, and a Ctrl-C to the whole terminal.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pm2Home, pm2Script } from '../scripts/pm2-home.ts';
import { freePort, projectRoot, tempDirectory, waitFor } from './helpers.ts';

const startScript = path.join(projectRoot, 'build/scripts/start.js');

test('npm start shows an invoice on its way, refuses a second start, and leaves nothing behind but other people’s apps', {
  timeout: 60_000,
}, async () => {
  const folder = tempDirectory();
  const file = path.join(folder, 'events.db');
  const env = {
    ...cleanEnv(),
    DATABASE_URL: `file:${file}`,
    SANDBOX_PORT: String(await freePort()),
    INGESTER_RATE: '200ms',
  };
  onTestFinished(() => rmSync(pm2Home(file), { recursive: true, force: true }));
  const foreign = startForeignApp(folder);

  // A session of its own, as a terminal gives it: the signal below reaches everyone in it, as Ctrl-C does.
  const started = spawn(process.execPath, [startScript], { cwd: projectRoot, env, detached: true });
  onTestFinished(() => killGroup(started.pid));
  let output = '';
  started.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const exit = new Promise((resolve) => started.on('exit', resolve));
  for (const line of [
    'NOT Convoy',
    'invoice recorded',
    'event accepted',
    'since_commit_ms',
    'webhook received',
  ]) {
    await waitFor(`"${line}" in the output`, () => output.includes(line), 30_000);
  }

  const second = spawnSync(process.execPath, [startScript], { cwd: projectRoot, env, encoding: 'utf8' });
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/already running \(PM2 process \d+\)/);

  const pids = pidsIn(pm2Home(file));
  expect(pids.length).toBe(3);
  process.kill(-(started.pid ?? 0), 'SIGINT');
  expect(await exit).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(output).toContain('relayer stopped');
  expect(isAlive(foreign.pid())).toBe(true);
});

/** An application of somebody else, in a PM2 home of its own. */
function startForeignApp(folder: string): { readonly pid: () => number } {
  const home = path.join(folder, 'pm2');
  const env = { ...cleanEnv(), PM2_HOME: home, PM2_DISCRETE_MODE: 'true' };
  const pm2 = (...args: string[]) =>
    spawnSync(process.execPath, [pm2Script('pm2'), ...args], { env, encoding: 'utf8' });
  onTestFinished(() => {
    pm2('kill');
  });
  const script = path.join(projectRoot, 'test/fixtures/foreign-app.mjs');
  expect(pm2('start', script, '--name', 'foreign').status).toBe(0);
  return { pid: () => pidsIn(home)[0] ?? 0 };
}

function pidsIn(home: string): number[] {
  const folder = path.join(home, 'pids');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => Number(readFileSync(path.join(folder, name), 'utf8')));
}

/** The environment without settings of ours, and without what PM2 or the test runner added. */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours = /^(CONVOY_|RELAYER_|INGESTER_|SANDBOX_|LOG_|PM2_|VITEST|NODE_ENV|NODE_CHANNEL|DATABASE_URL)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
