// Files and paths that cannot be used, what a crash left behind, and the command that says so.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { projectRoot, tempDirectory } from './helpers.ts';
import {
  holding,
  makeDatabase,
  migrateScript,
  migrations,
  newFile,
  ours,
  outboxSql,
  refusalOf,
  theirApp,
} from './migrate-rig.ts';
import { plainConnection } from './outbox-database.ts';

describe('what is left of a process killed in its first transaction', () => {
  /** A file and its rollback journal, copied in the middle of a transaction that already wrote to the file. */
  const cutOff = (before: string) => {
    const original = newFile();
    const db = plainConnection(original);
    db.exec(`${before}; PRAGMA cache_size = 2; BEGIN; CREATE TABLE filler (text)`);
    const insert = db.prepare('INSERT INTO filler VALUES (?)');
    for (let row = 0; row < 100; row++) insert.run('x'.repeat(3_000));
    const file = newFile();
    for (const suffix of ['', '-journal']) cpSync(`${original}${suffix}`, `${file}${suffix}`);
    db.exec('ROLLBACK');
    return file;
  };

  test('is nothing, and is migrated', async () => {
    const file = cutOff('');
    expect(await prepareDatabase(file)).toEqual({ kind: 'own', applied: ours });
    const tables = plainConnection(file).prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'filler'`);
    expect(tables.pluck().get()).toBe(0);
  });

  test("is left to its owner when it is another application's", async () => {
    expect(await refusalOf(cutOff(theirApp))).toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE',
      message: expect.stringMatching(
        /in the middle of a transaction by a crash: open it once with the application/,
      ),
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

  test('that this user may not write to is said in one line, and the process ends with 2', ({ skip }) => {
    const folder = tempDirectory();
    chmodSync(folder, 0o555);
    // Root may write everywhere, so root tries it as nobody.
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const probe = spawnSync(process.execPath, ['--check', migrateScript], nobody);
    skip(probe.status !== 0, 'nobody may not read this checkout');
    const result = spawnSync(process.execPath, [migrateScript], {
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
    spawnSync(process.execPath, [migrateScript, ...args], {
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
