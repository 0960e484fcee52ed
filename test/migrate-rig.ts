// Database files of every kind for the tests of migrating, and a look at what became of them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { readMigrations } from '../apps/outbox/migration-files.ts';
import { projectRoot, tempDirectory } from './helpers.ts';

/** Our migrations, oldest first. */
export const migrations = readMigrations();
/** Their names. */
export const ours = migrations.map((migration) => migration.name);
/** All that concern the outbox: what another application adds. */
export const outboxSql = migrations
  .filter(({ sql }) => sql.includes('"events"'))
  .map(({ sql }) => sql)
  .join('\n');

/** The compiled `npm run db:migrate`. */
export const migrateScript = path.join(projectRoot, 'build', 'scripts', 'migrate.js');

/** A path in a folder of its own, where nothing is yet. */
export const newFile = () => path.join(tempDirectory(), 'events.db');

/** Everything in the folder of a file: names, sizes and contents. */
export function snapshot(file: string): Record<string, string> {
  const folder = path.dirname(file);
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, digest(name)]));
}

/** Makes a database with the statements, in WAL mode unless told otherwise, and closes it. */
export function makeDatabase(sql: string, journalMode = 'WAL'): string {
  const file = newFile();
  const db = new Database(file);
  db.pragma(`journal_mode = ${journalMode}`);
  db.exec(sql);
  db.close();
  return file;
}

/** A new file with any content. */
export function holding(content: string | Buffer): string {
  const file = newFile();
  writeFileSync(file, content);
  return file;
}

/** Prisma's history table, empty. */
export const historyTable = `CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);`;
/** A finished migration in it. */
export const historyRow = (name: string, checksum = 'x') =>
  `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES (hex(randomblob(16)), '${checksum}', 1, '${name}');`;
/** The tables of another application. */
export const theirApp = `CREATE TABLE "User" (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO "User" (name) VALUES ('Ann');`;

/** The refusal of a file, after which not a byte has changed and nothing lies beside it that was not there. */
export async function refusalOf(file: string): Promise<{ code: string; message: string }> {
  const before = snapshot(file);
  const error = await prepareDatabase(file).then(
    () => expect.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(snapshot(file)).toEqual(before);
  return error as { code: string; message: string };
}
