// Where a benchmark takes place: a folder and an environment of its own, so that nothing of the caller's settings reaches what
// is measured, and nothing that is measured reaches anything real. It starts nothing.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isPostgresUrl } from '../../apps/outbox/postgres/address.ts';
import { shortTemp } from '../pm2-home.ts';

export interface Ground {
  /** Absolute, real and unlike any other path: processes of this run are recognised by it. */
  readonly folder: string;
  /** What every process of the run gets; the same Node for everybody, and no setting of the caller's. */
  readonly environment: Readonly<Record<string, string>>;
  /** The path of a file in the folder. */
  file(name: string): string;
  remove(): void;
}

/** Makes the folder, on the disk of the system's temp folder (TMPDIR names another one). */
export function createGround(): Ground {
  const folder = realpathSync(mkdtempSync(path.join(shortTemp(), 'outbox-bench-')));
  const file = (name: string) => path.join(folder, name);
  // Named instead of `.env`: a developer's keys must never be used here.
  writeFileSync(file('empty.env'), '');
  return {
    folder,
    environment: {
      ...inherited(),
      OUTBOX_BENCH_FOLDER: folder,
      OUTBOX_ENV_FILE: file('empty.env'),
      PM2_HOME: file('pm2'),
      PM2_DISCRETE_MODE: 'true',
    },
    file,
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}

function inherited(): Record<string, string> {
  const names = ['HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];
  const kept = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const searched = [path.dirname(process.execPath), process.env.PATH ?? ''].join(path.delimiter);
  return { ...Object.fromEntries(kept), PATH: searched };
}

/** The project and key of a benchmark: the gateway believes every key. */
export const project = { id: 'bench', apiKey: 'bench-key' } as const;

/** The environment of a relayer: its own defaults, but for where the database and the gateway are. */
export function relayerEnvironment(
  ground: Ground,
  { database, baseUrl, concurrency, apiKey = project.apiKey }: RelayerSetup,
): Readonly<Record<string, string>> {
  return {
    ...ground.environment,
    DATABASE_URL: isPostgresUrl(database) ? database : `file:${database}`,
    CONVOY_BASE_URL: baseUrl,
    CONVOY_PROJECT_ID: project.id,
    CONVOY_API_KEY: apiKey,
    ...(concurrency === null ? {} : { RELAYER_CONCURRENCY: String(concurrency) }),
  };
}

export interface RelayerSetup {
  /** The path of a file, or a `postgres://` URL. */
  readonly database: string;
  readonly baseUrl: string;
  /** Null leaves the relayer its own default. */
  readonly concurrency: number | null;
  /** By which the gateway tells relayers apart. Default: that of all. */
  readonly apiKey?: string;
}
