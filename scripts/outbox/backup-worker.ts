// The copying thread of `backup`: SQLite copies and checks without a pause, and the command's own thread has to tell how far
// it is. One read transaction: every invoice in the copy has its event, and writers go on meanwhile.
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

/** What the thread is told. */
export interface BackupOrder {
  readonly file: string;
  /** An empty file, or none. */
  readonly target: string;
  /** The outbox's table. */
  readonly table: string;
}

/** What it says: that it checks now, and what came of it. An error of SQLite's would not survive the way as it is. */
export type BackupWord =
  | { readonly kind: 'checking' }
  | { readonly kind: 'done'; readonly events: number; readonly problems: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

const { file, target, table } = workerData as BackupOrder;
const say = (word: BackupWord) => parentPort?.postMessage(word);

try {
  say(copyAndCheck());
} catch (error) {
  if (!(error instanceof Database.SqliteError)) throw error;
  say({ kind: 'failed', code: error.code, message: error.message });
}

function copyAndCheck(): BackupWord {
  const source = new Database(file, { readonly: true, timeout: 5_000 });
  source.prepare('VACUUM INTO ?').run(target);
  source.close();

  say({ kind: 'checking' });
  const copy = new Database(target, { readonly: true });
  const problems = copy.prepare('PRAGMA quick_check(5)').pluck().all().map(String);
  const events = Number(copy.prepare(`SELECT count(*) FROM "${table}"`).pluck().get());
  copy.close();
  return { kind: 'done', events, problems: problems.filter((problem) => problem !== 'ok') };
}
