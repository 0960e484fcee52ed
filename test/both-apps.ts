// The two real applications as processes on one database, and a local stand-in for Convoy: what the tests of bad disks
// and of secrets start from.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../scripts/sandbox/sandbox.ts';
import type { SandboxOptions } from '../scripts/sandbox/sandbox-options.ts';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

/** A sandbox of this test, closed when it has finished. */
export async function quietSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ storeDelayMs: 10, deliverDelayMs: 10, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** Where the processes of a test live. */
export interface Place {
  readonly file: string;
  readonly journal: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A migrated database in `folder` (default: a new one), and an environment that names it, the sandbox, and nothing else. */
export function placeFor(sandbox: Sandbox, folder = tempDirectory()): Place {
  mkdirSync(folder, { recursive: true });
  // Neither the journal nor the settings lie on the disk that a test may fill or lock.
  const aside = tempDirectory();
  const settings = path.join(aside, 'env');
  writeFileSync(settings, '');
  const file = newDatabaseFile(folder);
  return {
    file,
    journal: path.join(aside, 'journal'),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      OUTBOX_ENV_FILE: settings,
      DATABASE_URL: `file:${file}`,
      CONVOY_BASE_URL: sandbox.url,
      CONVOY_API_KEY: sandbox.apiKey,
      CONVOY_PROJECT_ID: sandbox.projectId,
      // The events of these tests belong to businesses that the sandbox does not know.
      RELAYER_OWNER_GUARD: 'no',
    },
  };
}

/** As users run them: the relayer is one file. */
const entries = {
  ingester: path.join(projectRoot, 'build/apps/ingester/main.js'),
  relayer: path.join(projectRoot, 'build/relayer/main.js'),
};

/** A real ingester with a journal; 10 ms between invoices unless told otherwise. */
export function startIngester(
  { env, journal }: Place,
  args: readonly string[] = ['--rate', '10ms'],
): SpawnedNode {
  return spawnNode(entries.ingester, ['--journal', journal, ...args], { env });
}

/** A real relayer that looks around often. */
export function startRelayer({ env }: Place, args: readonly string[] = []): SpawnedNode {
  return spawnNode(entries.relayer, ['--poll-interval', '50ms', ...args], { env });
}

/** The ids of the invoices whose COMMIT had returned. */
export function journalled({ journal }: Place): string[] {
  return readFileSync(journal, 'utf8').split('\n').slice(0, -1);
}

/** Waits until a process has printed something that matches. */
export function said(app: SpawnedNode, pattern: RegExp, withinMs?: number): Promise<unknown> {
  return waitFor(`${pattern} in the output`, () => pattern.test(app.stdout + app.stderr), withinMs);
}

/** Waits until the journal has `more` lines than now. */
export async function moreInvoices(place: Place, more = 5): Promise<void> {
  const before = journalled(place).length;
  await waitFor('more invoices', () => journalled(place).length >= before + more);
}

/** Asks both to stop, and returns their exit codes. */
export async function stopAll(...apps: readonly SpawnedNode[]): Promise<(number | string)[]> {
  for (const { child } of apps) child.kill('SIGTERM');
  return Promise.all(apps.map(({ exited }) => exited));
}

/** Waits until every invoice journalled by now has a processed event; then nothing may be half there. */
export async function allDelivered(place: Place): Promise<void> {
  const promised = journalled(place);
  const db = plainConnection(place.file);
  const delivered = db
    .prepare(`SELECT json_extract(payload, '$.data.id') FROM events WHERE status = 'processed'`)
    .pluck();
  await waitFor('every journalled invoice is delivered', () => {
    const done = new Set(delivered.all());
    return promised.every((id) => done.has(id));
  });
  // One statement sees one moment, whatever is being committed meanwhile.
  const counts = 'SELECT (SELECT count(*) FROM invoices) = (SELECT count(*) FROM events)';
  if (db.prepare(counts).pluck().get() !== 1) throw new Error('an invoice without its event, or the reverse');
  const integrity = db.pragma('integrity_check', { simple: true });
  if (integrity !== 'ok') throw new Error(`integrity_check: ${String(integrity)}`);
}
