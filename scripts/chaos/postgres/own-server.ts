// A PostgreSQL server of the run's own: made, started, killed and started again. It commits as a careful administrator has it: fsync and
// synchronous_commit on. It listens on the loopback address alone, and lets in who knows the password.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { sleep, systemClock } from '../../../apps/outbox/clock.ts';
import { ChaosError } from '../chaos-error.ts';
import { type ServerUser, serverUser } from './binaries.ts';

export interface OwnServerOptions {
  /** Where `initdb` and `postgres` are. */
  readonly binaries: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Of the server, by name; they go before those of a chaos run. */
  readonly settings?: Readonly<Record<string, string>>;
}

const startLimitMs = 60_000;
const endLimitMs = 30_000;

export class OwnServer {
  readonly #options: OwnServerOptions;
  readonly #runsAs: ServerUser | null = serverUser();
  #folder = '';
  #child: ChildProcess | null = null;

  constructor(options: OwnServerOptions) {
    this.#options = options;
  }

  /** The postmaster's process id; null while there is none. */
  get pid(): number | null {
    return this.#isAlive ? (this.#child?.pid ?? null) : null;
  }

  /** Makes the server's files in that folder, which must not exist. Throws ERR_CHAOS_COULD_NOT_RUN. */
  create(folder: string): void {
    const { binaries, user, password } = this.#options;
    this.#folder = folder;
    mkdirSync(folder, { mode: 0o700 });
    const passwordFile = path.join(folder, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (this.#runsAs !== null) {
      const { uid, gid } = this.#runsAs;
      for (const file of [folder, passwordFile]) chownSync(file, uid, gid);
      // Only so far that the other user can go through to its own.
      chmodSync(path.dirname(folder), 0o711);
    }
    const who = ['-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const how = ['-E', 'UTF8', '--locale=C', '--data-checksums', '--no-sync', '--no-instructions'];
    const made = spawnSync(path.join(binaries, 'initdb'), ['-D', this.#data, ...who, ...how], {
      ...this.#process,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw couldNotRun('initdb failed', `${made.error?.message ?? ''}${made.stderr}`);
  }

  /**
   * Starts it and waits until it answers. After a crash it has to be tried again: as long as processes of the dead server live, the next one
   * refuses their shared memory.
   */
  async start(): Promise<void> {
    const endMs = systemClock.monotonicMs() + startLimitMs;
    while (systemClock.monotonicMs() < endMs) {
      if (!this.#isAlive) this.#child = this.#spawn();
      if (await this.answers()) return;
      await sleep(systemClock, 30);
    }
    throw couldNotRun('the PostgreSQL server did not start', readFileSync(this.#log, 'utf8'));
  }

  /** A connection whose end tells that the server throws everybody out. */
  async witness(): Promise<pg.Client> {
    const witness = this.#client();
    await witness.connect();
    return witness;
  }

  /** Resolves once a crash from within has thrown everybody out, the witness too, and it lets them in again. */
  async crashed(witness: pg.Client): Promise<void> {
    const endMs = systemClock.monotonicMs() + endLimitMs;
    // It answers nothing when it has been thrown out, whether that was noticed before or is now.
    while (
      await witness.query('SELECT 1').then(
        () => true,
        () => false,
      )
    ) {
      if (systemClock.monotonicMs() > endMs) throw couldNotRun('the server does not crash', '');
      await sleep(systemClock, 5);
    }
    await this.start();
  }

  /** Whether it lets somebody in and answers. */
  async answers(): Promise<boolean> {
    const client = this.#client();
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Sends the postmaster a signal: SIGINT is a fast shutdown, SIGQUIT an immediate one, SIGKILL a crash. Resolves when it has ended. */
  async endBy(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal);
    const endMs = systemClock.monotonicMs() + endLimitMs;
    while (this.#isAlive) {
      if (systemClock.monotonicMs() > endMs) throw couldNotRun(`the server outlived ${signal}`, '');
      await sleep(systemClock, 5);
    }
  }

  #client(): pg.Client {
    const { user, password, port } = this.#options;
    const client = new pg.Client({
      ...{ user, password, port, host: '127.0.0.1', database: 'postgres' },
      ...{ connectionTimeoutMillis: 2_000, query_timeout: 2_000, application_name: 'outbox-chaos' },
    });
    client.on('error', () => {});
    return client;
  }

  get #isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get #data(): string {
    return path.join(this.#folder, 'data');
  }

  get #log(): string {
    return path.join(this.#folder, 'server.log');
  }

  /** Another user, where it has to be one, and nothing of the caller's environment. */
  get #process() {
    const { uid, gid } = this.#runsAs ?? {};
    return {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    };
  }

  #spawn(): ChildProcess {
    const settings = {
      port: String(this.#options.port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'on',
      synchronous_commit: 'on',
      shared_buffers: '64MB',
      // One call for all of its files, instead of one for each of a thousand: a recovery took 6 s on a slow disk.
      ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
      ...this.#options.settings,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const log = openSync(this.#log, 'a');
    const child = spawn(path.join(this.#options.binaries, 'postgres'), ['-D', this.#data, ...flags], {
      ...this.#process,
      stdio: ['ignore', log, log],
      // Out of reach of the terminal's Ctrl-C.
      detached: true,
    });
    closeSync(log);
    child.on('error', () => {});
    return child;
  }
}

function couldNotRun(what: string, output: string): ChaosError {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return new ChaosError('ERR_CHAOS_COULD_NOT_RUN', `${what}: ${lines.slice(-4).join(' / ')}`);
}
