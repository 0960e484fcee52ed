// Where a run takes place: a folder, a port and an environment of its own, so that it runs beside `npm start` and beside
// itself, and cannot reach anything real. It starts nothing.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { packageRoot, readEnvironment } from '../../apps/outbox/environment.ts';
import { shortTemp } from '../pm2-home.ts';
import { sandboxPlan } from '../sandbox/plan.ts';
import { ChaosError } from './chaos-error.ts';
import { arenaFiles } from './evidence.ts';

/**
 * How the relayers run here: short times, so that leases run out while somebody watches, and few slots. Not shorter: at a load
 * of 17 on two cores a relayer stood still for 0.8 s while it loaded what it needs later, and a timeout of 0.8 s then
 * had events sent twice for no recorded fault.
 */
export const relayerTiming = {
  leaseMs: 4_500,
  requestTimeoutMs: 2_000,
  pollIntervalMs: 200,
  drainTimeoutMs: 3_000,
  concurrency: 8,
} as const;

/** A delay in which no relayer gives up, not even on a busy machine: a small part of its timeout. */
export const harmlessDelayMs = 360;

export interface Arena {
  /** Absolute, real and unlike any other path: processes of this run are recognised by it. */
  readonly folder: string;
  readonly port: number;
  /** The whole environment of every process of the run. */
  readonly environment: Readonly<Record<string, string>>;
  /** The path of a file in the folder. */
  file(name: string): string;
  remove(): void;
}

export interface ArenaPlan {
  /** How many relayers PM2 runs. */
  readonly relayers: number;
  /** A moderate load instead of a heavy one. */
  readonly soak: boolean;
  readonly databaseUrl: (file: Arena['file']) => string;
}

/** Makes the folder and finds a port. Throws ERR_CHAOS_COULD_NOT_RUN when the relayer would talk to anything else. */
export async function createArena(plan: ArenaPlan): Promise<Arena> {
  const port = await freePort();
  const folder = realpathSync(mkdtempSync(path.join(shortTemp(), 'outbox-chaos-')));
  const file = (name: string) => path.join(folder, name);
  // Named instead of `.env`: a developer's keys must never be used here.
  writeFileSync(file('empty.env'), '');
  const arena: Arena = {
    folder,
    port,
    environment: environmentOf({ file, port, ...plan }),
    file,
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
  mustUseSandbox(arena);
  return arena;
}

function environmentOf({
  file,
  port,
  relayers,
  soak,
  databaseUrl,
}: Pick<Arena, 'file' | 'port'> & ArenaPlan): Record<string, string> {
  const { leaseMs, requestTimeoutMs, pollIntervalMs, drainTimeoutMs, concurrency } = relayerTiming;
  return {
    ...inherited(),
    PM2_HOME: file('pm2'),
    PM2_DISCRETE_MODE: 'true',
    OUTBOX_ENV_FILE: file('empty.env'),
    DATABASE_URL: databaseUrl(file),
    SANDBOX_PORT: String(port),
    SANDBOX_LEDGER: file(arenaFiles.ledger),
    OUTBOX_RELAYERS: String(relayers),
    INGESTER_RATE: soak ? '50ms' : '10ms',
    INGESTER_JOURNAL: file(arenaFiles.journal),
    RELAYER_LEASE: `${leaseMs}ms`,
    RELAYER_REQUEST_TIMEOUT: `${requestTimeoutMs}ms`,
    RELAYER_POLL_INTERVAL: `${pollIntervalMs}ms`,
    RELAYER_DRAIN_TIMEOUT: `${drainTimeoutMs}ms`,
    RELAYER_CONCURRENCY: String(concurrency),
  };
}

/** Of the caller's environment only what a process needs to run at all; the same Node for everybody. */
function inherited(): Record<string, string> {
  const names = ['HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];
  const kept = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const searched = [path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter);
  return { ...Object.fromEntries(kept), PATH: searched };
}

/** Asks the same functions that the ecosystem file asks. */
function mustUseSandbox(arena: Arena): void {
  const { variables } = readEnvironment({ variables: arena.environment, cwd: packageRoot });
  if (sandboxPlan(variables)?.relayerEnv.RELAYER_SANDBOX_URL === sandboxUrl(arena)) return;
  arena.remove();
  throw new ChaosError(
    'ERR_CHAOS_COULD_NOT_RUN',
    'the relayer would not deliver to the sandbox of this run, so nothing was started',
  );
}

/** The base URL of the arena's API. */
export function sandboxUrl({ port }: { readonly port: number }): string {
  return `http://127.0.0.1:${port}/api`;
}

/**
 * Below the range from which systems take the ports of outgoing connections: while the sandbox is down, nobody's
 * connection may sit on its port, not even one that the relayer makes to itself.
 */
const ports = { from: 20_000, to: 31_999, tries: 100 };

/** A port on which nobody listens at this moment. */
export async function freePort(): Promise<number> {
  for (let left = ports.tries; left > 0; left--) {
    const port = ports.from + Math.floor(Math.random() * (ports.to - ports.from + 1));
    if (await isFree(port)) return port;
  }
  throw new ChaosError('ERR_CHAOS_COULD_NOT_RUN', `no free port from ${ports.from} to ${ports.to}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
