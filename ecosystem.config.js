// What PM2 keeps running: the ingester, the relayer, and, while no Convoy is configured, a local sandbox in its place.
// It holds no key: the relayer reads keys from the environment or from .env by itself.
import { readEnvironment } from './build/apps/outbox/environment.js';
import { killTimeoutMs } from './build/scripts/outbox/kill-timeout.js';
import { relayerCount } from './build/scripts/relayer-count.js';
import { sandboxPlan } from './build/scripts/sandbox/plan.js';

const root = import.meta.dirname;

/** What every application needs from PM2; each line is there because of a way in which PM2 lost processes. */
const supervised = {
  cwd: root,
  // Compiled JavaScript in a process of its own: killing a wrapper would orphan the real one.
  interpreter: 'node',
  exec_mode: 'fork',
  instances: 1,
  // PM2's own instrumentation swallows unhandled rejections and failures to load.
  pmx: false,
  merge_logs: true,
  autorestart: true,
  // The default of 16 quick restarts ends an application for good; Infinity and 0 do not work.
  max_restarts: 1_000_000_000,
  min_uptime: 1_000,
  restart_delay: 100,
  // Exit codes that restarting cannot cure: 2 configuration, 3 database. Never 0: PM2 records a SIGKILL as 0.
  stop_exit_codes: [2, 3],
  // "online" means ready: the application says so itself.
  wait_ready: true,
  listen_timeout: 10_000,
  // A stop of the ingester may wait for a lock, up to 5 s.
  kill_timeout: 8_000,
};

const { variables } = readEnvironment({ variables: process.env, cwd: root });
const sandbox = sandboxPlan(variables);

export const apps = [
  ...(sandbox === null
    ? []
    : [{ ...supervised, name: 'sandbox', script: 'build/scripts/sandbox/main.js', env: sandbox.env }]),
  {
    ...supervised,
    name: 'relayer',
    script: 'build/relayer/main.js',
    instances: relayerCount(variables),
    // More than its RELAYER_DRAIN_TIMEOUT, or PM2 would kill it while it drains.
    kill_timeout: killTimeoutMs(variables),
    env: sandbox === null ? {} : sandbox.relayerEnv,
  },
  {
    ...supervised,
    name: 'ingester',
    script: 'build/apps/ingester/main.js',
    // A demo should be lively; the ingester's own default is one invoice every 30 s.
    env: { INGESTER_RATE: variables.INGESTER_RATE ?? '1s' },
  },
];
