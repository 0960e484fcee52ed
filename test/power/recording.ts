// Runs the two real applications on a new database under strace, against a local stand-in for Convoy, and keeps the
// trace. It judges nothing.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../scripts/sandbox/sandbox.ts';
import { projectRoot, tempDirectory, waitFor } from '../helpers.ts';
import { type Call, readTrace, tracedCalls } from './trace.ts';

export interface RecordingOptions {
  /** How the ingester commits: as it does, or forced to NORMAL. */
  readonly writer: 'FULL' | 'NORMAL';
  readonly invoices: number;
  /** Between two invoices: the relayer checkpoints when it finds nothing to do, so a slow pace shows more of that. */
  readonly rateMs: number;
}

export interface Recording {
  readonly calls: readonly Call[];
  /** The files as the run left them. */
  readonly leftBehind: ReadonlyMap<string, Buffer>;
  /** Keys that the gateway accepted. */
  readonly accepted: ReadonlySet<string>;
}

/** Why nothing can be traced on this machine, or null. */
export function whyNoTrace(): string | null {
  const probe = spawnSync('strace', ['-f', '-y', '-e', 'trace=openat', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  });
  if (probe.error !== undefined) return 'strace is not installed';
  return probe.status === 0 ? null : `strace cannot trace here: ${probe.stderr.trim()}`;
}

// The relayer starts first and both find an empty folder; when everything is delivered, a line on standard input ends it.
const script = `
"$NODE" "$RELAYER" --poll-interval 30ms --concurrency 8 & relayer=$!
NODE_OPTIONS="$WRITER_OPTIONS" "$NODE" "$INGESTER" --rate "$RATE" --count "$INVOICES" --journal "$JOURNAL" || { kill $relayer; exit 1; }
read -r _
kill -TERM $relayer
wait $relayer
`;

/** Records one run from the first byte of the database to its clean end. Takes about 25 ms per invoice. */
export async function record(options: RecordingOptions): Promise<Recording> {
  const folder = tempDirectory();
  const traceFile = path.join(tempDirectory(), 'trace');
  const sandbox = await startSandbox({ storeDelayMs: 10, deliverDelayMs: 10 });
  onTestFinished(() => sandbox.close());
  const traced = startTraced({ options, folder, traceFile, sandbox });
  const areDelivered = () => {
    if (traced.child.exitCode !== null) throw new Error('the traced run ended early');
    return sandbox.ledger.keyCount() >= options.invoices;
  };
  try {
    await waitFor(`${options.invoices} events`, areDelivered, 30_000 + 200 * options.invoices);
    traced.child.stdin?.end('\n');
    const code = await traced.ended;
    if (code !== 0) throw new Error(`the traced run ended with ${code}`);
  } catch (cause) {
    throw new Error(`nothing recorded; the last output was:\n${traced.output().slice(-4_000)}`, { cause });
  }
  return {
    calls: await readTrace(traceFile, folder),
    leftBehind: new Map([['events.db', readFileSync(path.join(folder, 'events.db'))]]),
    accepted: new Set(sandbox.ledger.keys()),
  };
}

interface TracedRun {
  readonly options: RecordingOptions;
  readonly folder: string;
  readonly traceFile: string;
  readonly sandbox: Sandbox;
}

/** A process group of its own, killed as a whole when the test has finished. */
function startTraced(run: TracedRun) {
  const flags = ['-f', '-y', '-x', '-s', '70000', '-o', run.traceFile, '-e', `trace=${tracedCalls}`];
  const child = spawn('strace', [...flags, 'sh', '-c', script], {
    cwd: projectRoot,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environmentOf(run),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
  return { child, ended, output: () => output };
}

/** Nothing of the developer's own settings, and no `.env`. */
function environmentOf({ options, folder, traceFile, sandbox }: TracedRun): NodeJS.ProcessEnv {
  const noSettings = path.join(path.dirname(traceFile), 'env');
  writeFileSync(noSettings, '');
  const lie = `--import ${path.join(import.meta.dirname, 'force-normal.mjs')}`;
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    NODE: process.execPath,
    RELAYER: path.join(projectRoot, 'build/relayer/main.js'),
    INGESTER: path.join(projectRoot, 'build/apps/ingester/main.js'),
    WRITER_OPTIONS: options.writer === 'FULL' ? '' : lie,
    INVOICES: String(options.invoices),
    RATE: `${options.rateMs}ms`,
    JOURNAL: path.join(folder, 'journal'),
    OUTBOX_ENV_FILE: noSettings,
    DATABASE_URL: `file:${folder}/events.db`,
    CONVOY_BASE_URL: sandbox.url,
    CONVOY_API_KEY: sandbox.apiKey,
    CONVOY_PROJECT_ID: sandbox.projectId,
  };
}
