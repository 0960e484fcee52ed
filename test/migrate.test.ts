// Preparing a database file: ours is brought up to date by any number of processes at once, everybody else's keeps every
// byte. Prisma's own engine is asked whether it agrees.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { readMigrations } from '../apps/outbox/migration-files.ts';
import { projectRoot, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { plainConnection } from './outbox-database.ts';
import { applyWithPrisma, diagnoseWithPrisma } from './schema-engine.ts';

const migrations = readMigrations();
const ours = migrations.map((migration) => migration.name);
/** The first migration alone, and all that concern the outbox: what another application adds. */
const firstSql = migrations[0]?.sql ?? '';
const outboxSql = migrations
  .filter(({ sql }) => sql.includes('"events"'))
  .map(({ sql }) => sql)
  .join('\n');

const script = path.join(projectRoot, 'build', 'scripts', 'migrate.js');

const newFile = () => path.join(tempDirectory(), 'events.db');

/** Everything in the folder of a file: names, sizes and contents. */
function snapshot(file: string): Record<string, string> {
  const folder = path.dirname(file);
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, digest(name)]));
}

/** Makes a database with the statements, in WAL mode unless told otherwise, and closes it. */
function makeDatabase(sql: string, journalMode = 'WAL'): string {
  const file = newFile();
  const db = new Database(file);
  db.pragma(`journal_mode = ${journalMode}`);
  db.exec(sql);
  db.close();
  return file;
}

/** A new file with any content. */
function holding(content: string | Buffer): string {
  const file = newFile();
  writeFileSync(file, content);
  return file;
}

const historyTable = `CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);`;
const historyRow = (name: string, checksum = 'x') =>
  `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES (hex(randomblob(16)), '${checksum}', 1, '${name}');`;
const theirApp = `CREATE TABLE "User" (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO "User" (name) VALUES ('Ann');`;

/** The refusal of a file, after which not a byte has changed and nothing lies beside it that was not there. */
async function refusalOf(file: string): Promise<{ code: string; message: string }> {
  const before = snapshot(file);
  const error = await prepareDatabase(file).then(
    () => expect.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(snapshot(file)).toEqual(before);
  return error as { code: string; message: string };
}

describe('our own database', () => {
  test('is made from nothing, readable by its owner only, and is then up to date', async () => {
    const file = newFile();
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: ours });
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: [] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['events.db']);
  });

  test.each([
    ['a database without tables', () => makeDatabase('')],
    ['a database with an empty history', () => makeDatabase(historyTable)],
    ['an empty file', () => holding('')],
  ])('is made from %s', async (_, make) => {
    expect(await prepareDatabase(make())).toEqual({ kind: 'own', applied: ours });
  });

  test('gets only the migrations it lacks, and keeps its rows', async () => {
    const [first] = migrations;
    const file = makeDatabase(
      `${firstSql}; ${historyTable} ${historyRow(first?.name ?? '', first?.checksum)}
       INSERT INTO events (business_id, event_type, payload) VALUES ('b', 't', '{}');`,
    );
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: ours.slice(1) });
    expect(plainConnection(file).prepare('SELECT count(*) FROM events').pluck().get()).toBe(1);
  });

  test('counts a migration that was rolled back and applied again once', async () => {
    const file = newFile();
    await prepareDatabase(file);
    const db = plainConnection(file);
    db.exec(
      `${historyRow(ours[0] ?? '')} UPDATE _prisma_migrations SET rolled_back_at = 1 WHERE checksum = 'x'`,
    );
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: [] });
  });

  test('looks to Prisma as if its command line had migrated it', async () => {
    const file = newFile();
    await prepareDatabase(file);
    expect(await diagnoseWithPrisma(file)).toEqual({
      editedMigrationNames: [],
      failedMigrationNames: [],
      hasMigrationsTable: true,
      history: null,
    });
    expect(await applyWithPrisma(file)).toEqual([]);

    const theirs = newFile();
    expect(await applyWithPrisma(theirs)).toEqual(ours);
    const objects = (name: string) =>
      plainConnection(name).prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
    expect(objects(file)).toEqual(objects(theirs));
    const rows = (name: string) =>
      plainConnection(name)
        .prepare(
          `SELECT migration_name, checksum, logs, rolled_back_at, applied_steps_count, length(id), started_at <= finished_at
           FROM _prisma_migrations ORDER BY migration_name`,
        )
        .all();
    expect(rows(file)).toEqual(rows(theirs));
  });

  test('that Prisma migrated is up to date for us', async () => {
    const file = newFile();
    await applyWithPrisma(file);
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: [] });
  });

  test('is looked at while another process is writing to it', async () => {
    const file = newFile();
    await prepareDatabase(file);
    const db = plainConnection(file);
    db.exec(`BEGIN IMMEDIATE; INSERT INTO outbox_log (kind) VALUES ('x')`);
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: [] });
    db.exec('COMMIT');
  });
});

describe('many processes on one new file', () => {
  const start = (file: string) =>
    spawnNode(script, [], { env: { ...process.env, DATABASE_URL: `file:${file}` } });

  test('all succeed, and each migration is applied once', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 4; round++) {
      const file = newFile();
      const starters = Array.from({ length: 8 }, () => start(file));
      const codes = await Promise.all(starters.map((starter) => starter.exited));
      expect(codes, starters.map((starter) => starter.stderr).join('')).toEqual(codes.map(() => 0));
      const said = starters.map((starter) => starter.stdout).join('');
      for (const name of ours) expect(said.split(name).length - 1).toBe(1);
      const db = plainConnection(file);
      expect(db.prepare('SELECT migration_name FROM _prisma_migrations ORDER BY 1').pluck().all()).toEqual(
        ours,
      );
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    }
  });

  test('may be killed at any moment: the next one finishes', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 6; round++) {
      const file = newFile();
      const victim = start(file);
      await waitFor(
        'the file or the end',
        () => (round % 2 === 0 ? existsSync(file) : existsSync(`${file}-wal`)),
        10_000,
      );
      victim.child.kill('SIGKILL');
      await victim.exited;
      await prepareDatabase(file);
      expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: [] });
      const db = plainConnection(file);
      expect(db.prepare('SELECT migration_name FROM _prisma_migrations ORDER BY 1').pluck().all()).toEqual(
        ours,
      );
    }
  });
});

describe('a history of ours that is not as we know it', () => {
  const change = async (sql: string) => {
    const file = newFile();
    await prepareDatabase(file);
    const db = new Database(file);
    db.exec(sql);
    db.close();
    return refusalOf(file);
  };

  test('stops everything when a newer release migrated it', async () => {
    const refusal = await change(historyRow('20990101000000_later'));
    expect(refusal).toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_HISTORY',
      message: expect.stringMatching(/newer release \(20990101000000_later\): install that release/),
    });
  });

  test('stops everything when a migration was altered', async () => {
    const refusal = await change(
      `UPDATE _prisma_migrations SET checksum = 'y' WHERE migration_name = '${ours[1]}'`,
    );
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_HISTORY');
    expect(refusal.message).toContain(`another version of ${ours[1]}`);
  });

  test('stops everything when a migration broke off', async () => {
    const refusal = await change(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${ours[1]}'`,
    );
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_HISTORY');
    expect(refusal.message).toMatch(/broke off .*: restore a backup, or settle it/);
  });
});

describe("another application's database", () => {
  const theirHistory = `${historyTable} ${historyRow('20250101000000_init')}`;

  test.each([
    ['with a history, in WAL mode', `${theirApp} ${theirHistory}`, 'WAL'],
    ['with a history, with a rollback journal', `${theirApp} ${theirHistory}`, 'DELETE'],
    ['without a history', theirApp, 'WAL'],
    ['that holds nothing but a view', 'CREATE VIEW v AS SELECT 1', 'DELETE'],
  ])('without the outbox is refused, with the SQL to add: %s', async (_, sql, mode) => {
    const refusal = await refusalOf(makeDatabase(sql, mode));
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toContain(
      'the table events is missing: run the statements CREATE TABLE "events"',
    );
    expect(refusal.message).toContain(path.join('prisma', 'migrations', ours[0] ?? '', 'migration.sql'));
  });

  test('keeps even what a crash left in its WAL', async () => {
    const original = makeDatabase(theirApp);
    const db = plainConnection(original);
    db.pragma('wal_autocheckpoint = 0');
    db.exec(`INSERT INTO "User" (name) VALUES ('only in the WAL')`);
    const folder = tempDirectory();
    const file = path.join(folder, 'events.db');
    for (const suffix of ['', '-wal', '-shm']) cpSync(`${original}${suffix}`, `${file}${suffix}`);
    const { '-shm': _, ...before } = snapshot(file);
    await expect(prepareDatabase(file)).rejects.toMatchObject({ code: 'ERR_OUTBOX_DATABASE_FOREIGN' });
    const after = snapshot(file);
    for (const name of ['events.db', 'events.db-wal']) expect(after[name]).toBe(before[name]);
    expect(Object.keys(after)).toEqual(Object.keys(snapshot(original)));
  });

  test.each([
    ['its own history', `${theirApp} ${theirHistory} ${outboxSql}`],
    [
      'our migration among its own',
      `${theirApp} ${theirHistory} ${outboxSql} ${historyRow(ours[0] ?? '', migrations[0]?.checksum)}`,
    ],
    [
      'our migration first',
      `${theirApp} ${outboxSql} ${historyTable} ${historyRow(ours[0] ?? '')} ${historyRow('20270101000000_init')}`,
    ],
    ['no history', `${theirApp} ${outboxSql}`],
    ['a column more', `${theirApp} ${outboxSql}; ALTER TABLE events ADD COLUMN tenant TEXT`],
  ])('with the outbox is accepted and left as it is: %s', async (_, sql) => {
    const file = makeDatabase(sql);
    const before = snapshot(file);
    expect(await prepareDatabase(file)).toEqual({ kind: 'adopted' });
    expect(snapshot(file)).toEqual(before);
  });

  test.each([
    [
      'a missing column',
      'ALTER TABLE events DROP COLUMN wait_reason',
      'ALTER TABLE "events" ADD COLUMN "wait_reason" TEXT;',
    ],
    [
      'a missing column with a default',
      'ALTER TABLE outbox_log DROP COLUMN detail',
      `ALTER TABLE "outbox_log" ADD COLUMN "detail" TEXT NOT NULL DEFAULT '{}';`,
    ],
    ['a missing table', 'DROP TABLE outbox_log', 'the table outbox_log is missing'],
    [
      'a column of another type',
      'ALTER TABLE events DROP COLUMN gateway; ALTER TABLE events ADD COLUMN gateway INTEGER',
      'events.gateway is INTEGER, not TEXT: compare with',
    ],
    [
      'a required column more',
      `DROP TABLE outbox_log; CREATE TABLE outbox_log (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, at DATETIME NOT NULL DEFAULT (1), kind TEXT NOT NULL, event_seq INTEGER, detail TEXT NOT NULL DEFAULT '{}', tenant TEXT NOT NULL)`,
      'outbox_log.tenant is NOT NULL without a default: give it one',
    ],
  ])('with an outbox that does not fit is refused: %s', async (_, sql, message) => {
    const refusal = await refusalOf(makeDatabase(`${theirApp} ${outboxSql}; ${sql}`));
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_FOREIGN');
    expect(refusal.message).toContain(message);
  });

  test('must also hold the tables that the caller asks for', async () => {
    const file = makeDatabase(`${theirApp} ${outboxSql}`);
    const outcome = prepareDatabase(file, { tables: ['events', 'outbox_log', 'invoices'] });
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_FOREIGN',
      message: expect.stringContaining(`the table invoices is missing`),
    });
  });
});

describe('a file that is no sound database', () => {
  const damaged = () => {
    const file = makeDatabase(`${theirApp} ${outboxSql}`);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 100, 4_000);
    writeFileSync(file, bytes);
    return file;
  };
  test.each([
    ['text', () => holding('dear diary\n'.repeat(1_000))],
    ['a few bytes', () => holding('x')],
    ['zeros', () => holding(Buffer.alloc(8_192))],
    ['a header and nothing else', () => holding('SQLite format 3\0')],
    ['a damaged first page', damaged],
  ])('is refused as it is: %s', async (_, make) => {
    const refusal = await refusalOf(make());
    expect(refusal.code).toBe('ERR_OUTBOX_DATABASE_CORRUPT');
    expect(refusal.message).toMatch(
      /damaged or not an SQLite database; it was left as it is\. Restore a backup/,
    );
  });
});

describe('a path that cannot be used', () => {
  test.each([
    ['in a folder that is not there', 'missing/events.db', /there is no folder .*missing\. Create it first/],
    ['in a folder that is a file', 'file/events.db', /there is no folder .*file\. Create it first/],
    ['that is a folder', 'folder', /is not a file: name a file/],
    ['that is a link to nowhere', 'link', /cannot be/],
  ])('is said in one line: %s', async (_, name, message) => {
    const folder = tempDirectory();
    mkdirSync(path.join(folder, 'folder'));
    writeFileSync(path.join(folder, 'file'), '');
    symlinkSync(path.join(folder, 'gone', 'gone'), path.join(folder, 'link'));
    await expect(prepareDatabase(path.join(folder, name))).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      message: expect.stringMatching(message),
    });
  });

  test('that this user may not write to is said in one line, and the process ends with 2', () => {
    const folder = tempDirectory();
    chmodSync(folder, 0o555);
    // Root may write everywhere, so root tries it as nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const result = spawnSync(process.execPath, [script], {
      ...nobody,
      cwd: projectRoot,
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: `file:${folder}/events.db` },
    });
    expect(result.stderr).toMatch(
      /^the database .*events\.db cannot be used: .* is not writable for this user.*\n$/,
    );
    expect([result.status, result.stdout]).toEqual([2, '']);
  });
});

describe('npm run db:migrate', () => {
  const run = (file: string, ...args: string[]) =>
    spawnSync(process.execPath, [script, ...args], {
      cwd: projectRoot,
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: `file:${file}` },
    });

  test('says what it did', () => {
    const file = newFile();
    expect(run(file)).toMatchObject({ status: 0, stdout: `${file}: applied\n  ${ours.join('\n  ')}\n` });
    expect(run(file)).toMatchObject({ status: 0, stdout: `${file}: up to date\n` });
    const theirs = makeDatabase(`${theirApp} ${outboxSql}`);
    expect(run(theirs)).toMatchObject({
      status: 0,
      stdout: `${theirs}: another application's, its outbox tables fit\n`,
    });
  });

  test("prints the SQL that another application's database lacks, and ends with 3", () => {
    const result = run(makeDatabase(theirApp));
    expect(result.status).toBe(3);
    for (const { sql } of migrations) expect(result.stdout.includes(sql)).toBe(sql.includes('"events"'));
    expect(result.stderr).toMatch(/^.*belongs to another application and has no outbox that fits.*\n$/);
  });

  test('refuses what it does not know', () => {
    expect(run(newFile(), '--force')).toMatchObject({ status: 2, stderr: expect.stringContaining('force') });
  });
});
