// Preparing our own database: brought up to date by any number of processes at once, in a way that Prisma's own engine
// agrees with, or refused when its history is not as we know it.
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { prepareDatabase } from '../apps/outbox/migrate.ts';
import { spawnNode, waitFor } from './helpers.ts';
import {
  historyRow,
  historyTable,
  holding,
  makeDatabase,
  migrateScript,
  migrations,
  newFile,
  ours,
  refusalOf,
} from './migrate-rig.ts';
import { plainConnection } from './outbox-database.ts';
import { applyWithPrisma, diagnoseWithPrisma } from './schema-engine.ts';

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
      `${first?.sql}; ${historyTable} ${historyRow(first?.name ?? '', first?.checksum)}
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
    spawnNode(migrateScript, [], { env: { ...process.env, DATABASE_URL: `file:${file}` } });

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
      const sign = round % 2 === 0 ? file : `${file}-wal`;
      // It may have finished, and taken its -wal away, between two looks.
      await waitFor('the file or the end', () => existsSync(sign) || victim.child.exitCode !== null);
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
