// The receiver that docs/convoy.md shows, taken from there and run as a process: what a reader would copy.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';

export interface ReceivedRow {
  readonly key: string;
  readonly event: string;
  readonly traceparent: string | null;
}

export interface RunningReceiver {
  readonly url: string;
  readonly process: SpawnedNode;
  /** Everything taken so far, in order. */
  rows(): readonly ReceivedRow[];
}

/** Runs the example with this secret on a free port; ended with the test. */
export async function runReceiver(secret: string): Promise<RunningReceiver> {
  const folder = tempDirectory();
  const code = /```js\n(\/\/ receiver\.mjs[\s\S]*?)```/.exec(
    readFileSync(path.join(projectRoot, 'docs', 'convoy.md'), 'utf8'),
  )?.[1];
  if (code === undefined) throw new Error('docs/convoy.md holds no receiver.mjs');
  const script = path.join(folder, 'receiver.mjs');
  // A bare specifier is looked up beside the script, where nothing is installed.
  writeFileSync(
    script,
    code.replace(`'better-sqlite3'`, JSON.stringify(import.meta.resolve('better-sqlite3'))),
  );
  const env = { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: '0' };
  const receiver = spawnNode(script, [], { cwd: folder, env });
  const port = await waitFor('the receiver listens', () => /listening (\d+)/.exec(receiver.stdout)?.[1]);
  const db = new Database(path.join(folder, 'received.db'), { readonly: true });
  onTestFinished(() => void db.close());
  const all = db.prepare('SELECT * FROM received ORDER BY rowid');
  return { url: `http://127.0.0.1:${port}/`, process: receiver, rows: () => all.all() as ReceivedRow[] };
}
