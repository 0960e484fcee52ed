// Removes the database file and what lies beside it, if that loses nothing.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { databasePlace } from '../apps/outbox/database-place.ts';
import { readEnvironment } from '../apps/outbox/environment.ts';
import { readMigrations } from '../apps/outbox/migration-files.ts';
import { readHistory, standingOf } from '../apps/outbox/migration-history.ts';
import { isBusy } from '../apps/outbox/sqlite/code.ts';

/** Removes the database, or says why not. With `force` nothing is asked. */
export function cleanDatabase(options: { readonly force: boolean }): string | null {
  const {
    engine,
    url: file,
    shown,
  } = databasePlace(readEnvironment({ variables: process.env, cwd: process.cwd() }));
  if (engine === 'postgres') {
    return `${shown} is on a server, where others may have data too, and only files are removed here: drop its schema or database yourself (DROP SCHEMA, dropdb), or take DATABASE_URL away; nothing was removed`;
  }
  if (!existsSync(file)) {
    console.log(`no database at ${file}`);
    return null;
  }
  const refusal = options.force ? null : reasonToKeep(file);
  if (refusal !== null) return `${refusal}; nothing was removed (--force removes it all the same)`;
  const name = path.basename(file);
  const beside = readdirSync(path.dirname(file)).filter((entry) => isPartOf(name, entry));
  for (const entry of beside) rmSync(path.join(path.dirname(file), entry), { force: true });
  console.log(`removed ${beside.join(', ')}`);
  return null;
}

function isPartOf(name: string, entry: string): boolean {
  return [name, `${name}-wal`, `${name}-shm`, `${name}-journal`].includes(entry) || lockOf(name).test(entry);
}

function lockOf(name: string): RegExp {
  return new RegExp(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\.(relayer-\\d\\d|confirm)\\.lock$`);
}

function reasonToKeep(file: string): string | null {
  const db = new Database(file, { timeout: 0 });
  try {
    // Somebody else's business data may lie beside an outbox that was added to it.
    const standing = standingOf(readHistory(db), readMigrations());
    if (standing.kind !== 'ours') return `${file} is not a database that this project made alone`;
    const pending = Number(db.prepare("SELECT count(*) FROM events WHERE status = 'pending'").pluck().get());
    if (pending > 0) return `${pending} events in ${file} are pending: let the relayer deliver them first`;
    // SQLite leaves WAL mode only when no other connection is open: the test for a running application.
    db.pragma('journal_mode = DELETE');
    return null;
  } catch (error) {
    if (isBusy(error)) return `${file} is open in a running application: stop it first`;
    return `${file} does not look like an outbox (${error instanceof Error ? error.message : error})`;
  } finally {
    db.close();
  }
}
