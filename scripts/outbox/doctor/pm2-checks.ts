// What the doctor asks PM2, if one runs: whether its settings let a relayer drain, and restart what dies. It runs PM2's own
// command line, and only where its daemon lives already: asking would start one. Other people's variables are not shown.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../../../apps/outbox/environment.ts';
import { leastKillTimeoutMs } from '../kill-timeout.ts';
import { caution, type Finding, ok, unknown, wrong } from './finding.ts';
import type { RelayerProcess } from './process-checks.ts';

/** What PM2 says of one process, as far as it matters here. */
export interface Pm2Process {
  readonly name: string;
  readonly pid: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

const patienceMs = 10_000;
const defaultDrainTimeoutMs = 5_000;
/** PM2's own defaults end an application for good after 16 quick restarts, and kill 1.6 s after the stop signal. */
const fewestRestarts = 1_000;
const defaultKillTimeoutMs = 1_600;

/** The findings, or one that PM2 has nothing to do with it. */
export function checkPm2(relayers: readonly RelayerProcess[]): readonly Finding[] {
  const home = process.env.PM2_HOME || path.join(homedir(), '.pm2');
  if (!isDaemonAlive(home)) return [ok('pm2', `none runs in ${home}`)];
  const processes = askPm2();
  if (processes === null)
    return [unknown('pm2', 'it runs, and its command line does not answer', 'run pm2 jlist')];
  const ours = processes.filter(
    ({ pid, settings }) =>
      relayers.some((relayer) => relayer.pid === pid) || isRelayer(String(settings.pm_exec_path)),
  );
  if (ours.length === 0) return [ok('pm2', `it runs in ${home}, without a relayer`)];
  return ours.map((one) =>
    judgePm2(one, relayers.find(({ pid }) => pid === one.pid)?.drainTimeoutMs ?? null),
  );
}

/** Pure: exported for its test. */
export function judgePm2({ name, settings }: Pm2Process, drainTimeoutMs: number | null): Finding {
  const drainMs = drainTimeoutMs ?? defaultDrainTimeoutMs;
  const killMs = numberOf(settings.kill_timeout) ?? defaultKillTimeoutMs;
  const check = `pm2 ${name}`;
  if (settings.status !== 'online') {
    // With a restart_delay PM2 7 goes on saying "waiting restart" of what it has stopped for good.
    const code = numberOf(settings.exit_code);
    const isFinal = code !== null && stops(settings.stop_exit_codes, code);
    return wrong(
      check,
      isFinal ? `ended with exit code ${code} and stays stopped` : `is ${String(settings.status)}`,
      `pm2 logs ${name} says why; then pm2 restart ${name}`,
    );
  }
  if (killMs <= drainMs) {
    const says = `kill_timeout ${killMs} ms is not above the drain timeout of ${drainMs} ms: a stop is a kill`;
    return wrong(check, says, `${raise(drainMs)}, then pm2 delete and start again`);
  }
  const problems = [
    killMs >= leastKillTimeoutMs(drainMs)
      ? ''
      : `kill_timeout leaves no time to settle after the drain: ${raise(drainMs)}`,
    settings.exec_mode === 'fork_mode' ? '' : 'exec_mode is not fork',
    settings.pmx === false ? '' : 'pmx is on: failures to load go unseen',
    settings.autorestart === false ? 'autorestart is off' : '',
    (numberOf(settings.max_restarts) ?? 16) >= fewestRestarts
      ? ''
      : 'max_restarts is small: it ends for good',
    stops(settings.stop_exit_codes, 2)
      ? ''
      : 'stop_exit_codes lacks 2 and 3: a wrong setting restarts for ever',
    stops(settings.stop_exit_codes, 0) ? 'stop_exit_codes holds 0: a SIGKILL is recorded as 0' : '',
  ].filter((problem) => problem !== '');
  const says = `kill_timeout ${killMs} ms, drain timeout ${drainMs} ms`;
  if (problems.length === 0) return ok(check, says);
  return caution(check, `${says}; ${problems.join('; ')}`, 'take the settings of ecosystem.config.js');
}

const raise = (drainMs: number) => `raise kill_timeout to ${leastKillTimeoutMs(drainMs)}`;

function isDaemonAlive(home: string): boolean {
  try {
    process.kill(Number(readFileSync(path.join(home, 'pm2.pid'), 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

function askPm2(): readonly Pm2Process[] | null {
  const own = path.join(packageRoot, 'node_modules/.bin/pm2');
  const near = path.join(process.cwd(), 'node_modules/.bin/pm2');
  const program = [own, near].find((candidate) => existsSync(candidate)) ?? 'pm2';
  const { status, stdout } = spawnSync(program, ['jlist'], {
    encoding: 'utf8',
    timeout: patienceMs,
    env: { ...process.env, PM2_DISCRETE_MODE: 'true' },
  });
  if (status !== 0) return null;
  try {
    // Its greetings, if any, stand on lines before.
    const line = stdout.split('\n').find((text) => text.startsWith('[{') || text === '[]');
    const list: unknown = JSON.parse(line ?? '');
    return Array.isArray(list) ? list.map(processOf) : null;
  } catch {
    return null;
  }
}

function processOf(entry: { name?: unknown; pid?: unknown; pm2_env?: unknown }): Pm2Process {
  const settings = typeof entry.pm2_env === 'object' && entry.pm2_env !== null ? entry.pm2_env : {};
  return { name: String(entry.name), pid: Number(entry.pid), settings: { ...settings } };
}

const isRelayer = (script: string) => /[/\\]relayer[/\\]main\.js$|outbox-relayer$/.test(script);

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

const stops = (codes: unknown, code: number) => Array.isArray(codes) && codes.map(Number).includes(code);
