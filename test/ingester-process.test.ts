// The ingester as the compiled program: flags, signals, kills, exit codes.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

/** At the default level lines are summed up from ten a second on. */
const everyLine = ['--log-level', 'debug'];

describe('the program', () => {
  const script = path.join(projectRoot, 'build', 'apps', 'ingester', 'main.js');
  const start = (file: string, args: readonly string[], ipc = false): SpawnedNode => {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(INGESTER|LOG)_/.test(name));
    const env = { ...Object.fromEntries(inherited), DATABASE_URL: `file:${file}` };
    return spawnNode(script, args, { env, ipc });
  };
  const place = () => {
    const folder = tempDirectory();
    return { folder, file: path.join(folder, 'events.db'), journal: path.join(folder, 'journal') };
  };
  const idsIn = (journal: string) => readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  const look = (file: string) => {
    const db = plainConnection(file);
    const column = (sql: string) => db.prepare(sql).pluck().all() as string[];
    return {
      invoices: column('SELECT id FROM invoices ORDER BY id'),
      events: column(`SELECT json_extract(payload, '$.data.id') FROM events ORDER BY 1`),
    };
  };

  test('makes its database, says that it is ready, records as many as asked, and ends with 0', async () => {
    const { file, journal } = place();
    const ingester = start(
      file,
      ['--rate', '10ms', '--count', '20', '--journal', journal, ...everyLine],
      true,
    );
    const messages: unknown[] = [];
    ingester.child.on('message', (message) => messages.push(message));
    expect(await ingester.exited).toBe(0);
    expect(messages).toEqual(['ready']);
    const { invoices, events } = look(file);
    expect(invoices).toHaveLength(20);
    expect(events).toEqual(invoices);
    expect(idsIn(journal).sort()).toEqual(invoices);
    expect(
      ingester.stdout.match(
        / invoice recorded {2}invoice=\S+ business=\S.* amount=\d+\.\d\d currency=\w{3} event=\S+/g,
      ),
    ).toHaveLength(20);
    expect(ingester.stderr).toBe('');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the transaction under way at %s and ends with 0',
    async (name) => {
      const { file, journal } = place();
      const ingester = start(file, ['--rate', '1ms', '--journal', journal, ...everyLine]);
      await waitFor('invoices', () => ingester.stdout.split('invoice recorded').length > 20);
      ingester.child.kill(name);
      expect(await ingester.exited).toBe(0);
      const { invoices, events } = look(file);
      expect(events).toEqual(invoices);
      expect(idsIn(journal).sort()).toEqual(invoices);
      expect(ingester.stdout).toMatch(/ingester stopped\s*$/);
    },
  );

  test('loses nothing that it journalled when it is killed', { timeout: 60_000 }, async () => {
    const { file, journal } = place();
    for (let round = 0; round < 4; round++) {
      const ingester = start(file, ['--rate', '1ms', '--journal', journal, ...everyLine]);
      await waitFor('invoices', () => ingester.stdout.split('invoice recorded').length > 10 + 7 * round);
      ingester.child.kill('SIGKILL');
      await ingester.exited;
    }
    const { invoices, events } = look(file);
    expect(events).toEqual(invoices);
    for (const id of idsIn(journal)) expect(invoices).toContain(id);
    expect(invoices.length - idsIn(journal).length).toBeLessThanOrEqual(4);
  });

  test('shares its database with a second one', async () => {
    const { file } = place();
    const both = [0, 1].map(() => start(file, ['--rate', '1ms', '--count', '60']));
    expect(await Promise.all(both.map((ingester) => ingester.exited))).toEqual([0, 0]);
    const { invoices, events } = look(file);
    expect(invoices).toHaveLength(120);
    expect(events).toEqual(invoices);
  });

  test('ends with 1 when its database file is replaced', async () => {
    const { file } = place();
    const ingester = start(file, ['--rate', '50ms']);
    await waitFor('an invoice', () => ingester.stdout.includes('invoice recorded'));
    renameSync(newDatabaseFile(), file);
    expect(await ingester.exited).toBe(1);
    expect(ingester.stderr).toMatch(
      /^the database \S+ was replaced while it was open.*\(ERR_OUTBOX_DATABASE_REPLACED\)\n$/,
    );
  });

  test.each([
    ['an unknown flag', ['--speed', '1s'], /speed/],
    ['a rate without a unit', ['--rate', '30'], /--rate: expected a duration such as 500ms/],
    ['a rate of nothing', ['--rate', '0'], /--rate: expected a duration from 1ms/],
    ['a count of nothing', ['--count', '0'], /--count: expected a whole number from 1/],
    [
      'a journal in no folder',
      ['--journal', '/nowhere/at/all'],
      /--journal: \/nowhere\/at\/all cannot be written/,
    ],
  ])('ends with 2 and one clear line for %s', async (_, args, message) => {
    const ingester = start(place().file, args);
    expect(await ingester.exited).toBe(2);
    expect(ingester.stderr).toMatch(message);
    expect(ingester.stderr.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    ['another application', 'CREATE TABLE "User" (id INTEGER)', /belongs to another application/],
    [
      'another application with the outbox, but without invoices',
      readFileSync(path.join(projectRoot, 'prisma/migrations/20260101000000_outbox/migration.sql'), 'utf8'),
      /the table invoices is missing/,
    ],
  ])('ends with 3 and one clear line for the database of %s', async (_, sql, message) => {
    const { file } = place();
    plainConnection(file).exec(sql);
    const ingester = start(file, []);
    expect(await ingester.exited).toBe(3);
    expect(ingester.stderr).toMatch(message);
    expect(ingester.stderr.trim().split('\n')).toHaveLength(1);
  });

  test('ends with 3 and one clear line for a file that is no database', async () => {
    const { file } = place();
    writeFileSync(file, 'dear diary');
    const ingester = start(file, []);
    expect(await ingester.exited).toBe(3);
    expect(ingester.stderr).toMatch(/^\S+ is damaged or not an SQLite database; it was left as it is.*\n$/);
    expect(readFileSync(file, 'utf8')).toBe('dear diary');
  });

  test('explains itself', async () => {
    const ingester = start(place().file, ['--help']);
    expect(await ingester.exited).toBe(0);
    for (const flag of ['--rate', '--count', '--journal', 'INGESTER_RATE', 'DATABASE_URL']) {
      expect(ingester.stdout).toContain(flag);
    }
  });
});
