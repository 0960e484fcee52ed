// The ingester: what it makes up, its one transaction, what it outlives and what stops it. The parts with real files, the
// whole as the compiled program.
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { businesses, generateInvoice } from '../apps/ingester/generate.ts';
import { Ingester, type IngesterOptions, type IngesterParts } from '../apps/ingester/ingester.ts';
import { openJournal } from '../apps/ingester/journal.ts';
import { recordInvoice } from '../apps/ingester/record.ts';
import { nextTickMs } from '../apps/ingester/schedule.ts';
import { systemClock } from '../apps/outbox/clock.ts';
import { rememberFile } from '../apps/outbox/file-identity.ts';
import type { Log, LogFields } from '../apps/outbox/log.ts';
import { openDemoClient } from '../apps/outbox/prisma-client.ts';
import { FakeClock } from './fake-clock.ts';
import { projectRoot, type SpawnedNode, spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

/** Numbers that look random and are always the same for a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let lastId = 0;
const newId = () => `00000000-0000-4000-8000-${String(++lastId).padStart(12, '0')}`;

/** A log that keeps its lines as `level message reason`. */
function memoryLog() {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push([level, message, ...(fields.reason === undefined ? [] : [fields.reason])].join(' | '));
    };
  const log: Log = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
  return { log, lines };
}

describe('a made-up invoice', () => {
  test('stays within its bounds, and every choice comes up', () => {
    const random = seeded(1);
    const invoices = Array.from({ length: 5_000 }, () => generateInvoice({ random, newId }));
    const all = (pick: (invoice: (typeof invoices)[number]) => unknown) => new Set(invoices.map(pick));
    expect(all((invoice) => invoice.business)).toEqual(new Set(businesses));
    expect(all((invoice) => invoice.currency)).toEqual(new Set(['USD', 'EUR', 'GBP']));
    expect(all((invoice) => invoice.status)).toEqual(new Set(['draft', 'sent', 'paid', 'overdue']));
    expect(all((invoice) => invoice.id).size).toBe(5_000);
    for (const { amountMinor, description } of invoices) {
      expect(Number.isInteger(amountMinor) && amountMinor >= 9_999 && amountMinor <= 1_009_899).toBe(true);
      expect(description).not.toBe('');
    }
  });

  test('reaches both ends of its amounts', () => {
    const amountAt = (chance: number) => generateInvoice({ random: () => chance, newId }).amountMinor;
    expect([amountAt(0), amountAt(1 - Number.EPSILON)]).toEqual([9_999, 1_009_899]);
  });

  test('repeats for the same seed', () => {
    const make = () => generateInvoice({ random: seeded(7), newId: () => 'same' });
    expect(make()).toEqual(make());
  });
});

describe('the schedule', () => {
  const next = (nowMs: number) => nextTickMs({ startMs: 1_000, intervalMs: 30, nowMs });

  test('does not drift: lateness within an interval changes nothing', () => {
    expect([next(1_000), next(1_001), next(1_029.9)]).toEqual([1_030, 1_030, 1_030]);
  });

  test('leaves out what a pause missed', () => {
    expect([next(1_030), next(1_030 + 30 * 1_000 + 7)]).toEqual([1_060, 1_030 + 30 * 1_001]);
  });
});

describe('the journal', () => {
  test('never joins an id to what a kill cut off', () => {
    const file = path.join(tempDirectory(), 'journal');
    const first = openJournal(file);
    first.add('one');
    first.close();
    appendFileSync(file, 'tw');
    const second = openJournal(file);
    second.add('three');
    second.add('four');
    second.close();
    expect(readFileSync(file, 'utf8')).toBe('one\ntw\nthree\nfour\n');
  });

  test('in a folder that is not there is a configuration error', () => {
    expect(() => openJournal(path.join(tempDirectory(), 'missing', 'journal'))).toThrow(
      expect.objectContaining({ code: 'ERR_OUTBOX_CONFIG' }),
    );
  });
});

/** An ingester with a real database in this process. */
async function inProcess(options: Partial<IngesterOptions> = {}, parts: Partial<IngesterParts> = {}) {
  const file = newDatabaseFile();
  const client = await openDemoClient({ url: file, lockWaitMs: 20 });
  onTestFinished(() => client.$disconnect());
  const { log, lines } = memoryLog();
  const journalled: string[] = [];
  const ingester = new Ingester(
    {
      generate: () => generateInvoice({ random: seeded(3), newId }),
      record: (invoice) => recordInvoice(client, invoice),
      journal: (id) => journalled.push(id),
      identity: rememberFile(file),
      clock: systemClock,
      log,
      ...parts,
    },
    { intervalMs: 1, count: undefined, ...options },
  );
  const db = plainConnection(file);
  const count = (table: string) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  return { file, client, ingester, lines, journalled, db, count };
}

describe('one recording', () => {
  test('commits the invoice and its event together, the event with the fields of the invoice', async () => {
    const { client, db } = await inProcess();
    const invoice = generateInvoice({ random: seeded(5), newId });
    const { eventId } = await recordInvoice(client, invoice);
    const row = db.prepare('SELECT * FROM invoices').get() as Record<string, unknown>;
    expect(row).toMatchObject({
      id: invoice.id,
      amount: invoice.amountMinor,
      business_id: invoice.business.id,
    });
    const event = db.prepare('SELECT * FROM events').get() as Record<string, string>;
    expect(event).toMatchObject({
      id: eventId,
      business_id: invoice.business.id,
      event_type: 'invoice.created',
    });
    expect(JSON.parse(event.payload ?? '')).toEqual({
      event_type: 'invoice.created',
      data: {
        id: invoice.id,
        business_id: invoice.business.id,
        amount_minor: invoice.amountMinor,
        currency: invoice.currency,
        status: invoice.status,
        description: invoice.description,
        created_at: String(row.created_at).replace('+00:00', 'Z'),
      },
    });
  });

  test.each([
    ['the event', 'events'],
    ['the invoice', 'invoices'],
  ])('leaves neither when %s cannot be inserted, says so, and goes on', async (_, table) => {
    const { ingester, lines, journalled, db, count } = await inProcess();
    db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'not today'); END`);
    const running = ingester.run();
    await waitFor('the error', () => lines.some((line) => line.startsWith('error')));
    expect([count('invoices'), count('events'), journalled.length]).toEqual([0, 0, 0]);
    db.exec('DROP TRIGGER refuse');
    await waitFor('an invoice', () => journalled.length > 0);
    ingester.stop();
    await running;
    expect(count('invoices')).toBe(count('events'));
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });
});

describe('a database that cannot be written for a while', () => {
  const troubles: Record<
    string,
    (given: Awaited<ReturnType<typeof inProcess>>) => Promise<() => Promise<void>>
  > = {
    locked: async ({ db }) => {
      db.exec('BEGIN IMMEDIATE');
      return async () => void db.exec('COMMIT');
    },
    full: async ({ client }) => {
      // What SQLite answers when the disk is full, for the only connection that writes.
      await client.$queryRawUnsafe('PRAGMA max_page_count = 1');
      return async () => void (await client.$queryRawUnsafe('PRAGMA max_page_count = 1000000'));
    },
  };

  test.each([
    ['locked', 'locked by another process'],
    ['full', 'database or disk is full'],
  ])('is said once, outlived, and said to be over: %s', async (kind, reason) => {
    const given = await inProcess();
    const end = await troubles[kind]?.(given);
    let attempts = 0;
    const { ingester, lines } = given;
    const running = ingester.run();
    await waitFor('the first failure', () => lines.some((line) => line.startsWith('error')));
    await waitFor('more attempts', () => ++attempts > 200);
    await end?.();
    await waitFor('the recovery', () => lines.some((line) => line.includes('again')));
    ingester.stop();
    await running;
    const told = lines.filter((line) => !line.includes('invoice recorded'));
    expect(told).toEqual([
      expect.stringMatching(new RegExp(`^error \\| invoice not recorded.*${reason}`)),
      'info | invoices are recorded again',
    ]);
    expect(given.count('invoices')).toBe(given.count('events'));
  });

  test('is tried with growing pauses, however short the interval', async () => {
    const clock = new FakeClock();
    let attempts = 0;
    const record = () => {
      attempts += 1;
      return Promise.reject(new Error('database or disk is full'));
    };
    const { ingester, lines } = await inProcess({ intervalMs: 1 }, { clock, record });
    const running = ingester.run();
    await clock.advance(60_000);
    expect(attempts).toBeGreaterThan(10);
    expect(attempts).toBeLessThan(25);
    expect(lines).toHaveLength(1);
    ingester.stop();
    await clock.advance(1);
    await running;
  });

  test('that turns out to be damaged ends the ingester', async () => {
    const damaged = Object.assign(new Error('database disk image is malformed'), {
      meta: { driverAdapterError: { cause: { originalCode: 'SQLITE_CORRUPT' } } },
    });
    const { ingester } = await inProcess({}, { record: () => Promise.reject(damaged) });
    await expect(ingester.run()).rejects.toMatchObject({ code: 'ERR_OUTBOX_DATABASE_CORRUPT' });
  });
});

describe('the loop', () => {
  test('records at its interval, the first one at once, and skips what a pause missed', async () => {
    const clock = new FakeClock();
    const startMs = clock.monotonicMs();
    const recordedAtMs: number[] = [];
    const record = async () => {
      recordedAtMs.push(clock.monotonicMs() - startMs);
      return { eventId: 'e' };
    };
    const { ingester } = await inProcess({ intervalMs: 10_000, count: 6 }, { clock, record });
    const running = ingester.run();
    await clock.advance(25_000);
    clock.stall(31_000);
    await clock.advance(30_000);
    await running;
    expect(recordedAtMs).toEqual([0, 10_000, 20_000, 56_000, 60_000, 70_000]);
  });

  test('goes on without a journal that cannot be written, and says so once', async () => {
    const journal = () => {
      throw new Error('no space left on device');
    };
    const { ingester, lines, count } = await inProcess({ count: 3 }, { journal });
    await ingester.run();
    expect(count('invoices')).toBe(3);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([
      'error | journal not written, going on without | no space left on device',
    ]);
  });

  test.each([
    ['replaced', (file: string) => renameSync(newDatabaseFile(), file)],
    ['removed', (file: string) => rmSync(file)],
  ])('ends when the database file is %s, even between two invoices', async (state, pull) => {
    const clock = new FakeClock();
    const { file, ingester, journalled } = await inProcess(
      { intervalMs: 3_600_000 },
      { clock, record: async () => ({ eventId: 'e' }) },
    );
    const running = ingester.run();
    const outcome = expect(running).rejects.toMatchObject({
      code: 'ERR_OUTBOX_DATABASE_REPLACED',
      message: expect.stringContaining(`was ${state} while it was open`),
    });
    await clock.advance(10_000);
    pull(file);
    await clock.advance(2_000);
    await outcome;
    expect(journalled).toHaveLength(1);
  });
});

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
    const ingester = start(file, ['--rate', '10ms', '--count', '20', '--journal', journal], true);
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
      const ingester = start(file, ['--rate', '1ms', '--journal', journal]);
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
      const ingester = start(file, ['--rate', '1ms', '--journal', journal]);
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
