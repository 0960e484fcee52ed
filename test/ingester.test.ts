// The ingester's one transaction and its loop: what it outlives and what ends it, with real files.
import { renameSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateInvoice } from '../apps/ingester/generate.ts';
import { recordInvoice } from '../apps/ingester/record.ts';
import { longestServerPauseMs } from '../apps/outbox/database-trouble.ts';
import { FakeClock } from './fake-clock.ts';
import { waitFor } from './helpers.ts';
import { inProcess, newId } from './ingester-rig.ts';
import { newDatabaseFile } from './outbox-database.ts';
import { seededRandom } from './seeded-random.ts';

describe('one recording', () => {
  test('commits the invoice and its event together, the event with the fields of the invoice', async () => {
    const { client, db } = await inProcess();
    const invoice = generateInvoice({ random: seededRandom(5), newId });
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
    const told = lines.filter((line) => !/invoices? recorded$/.test(line));
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

  test('is tried again within a second when it is a server, however long it was away', async () => {
    const clock = new FakeClock();
    let isAway = true;
    let recorded = 0;
    const record = async () => {
      if (isAway) throw new Error('Server has closed the connection.');
      recorded += 1;
      return { eventId: 'e' };
    };
    const longestPauseMs = longestServerPauseMs;
    const { ingester } = await inProcess({ intervalMs: 1, count: 1, longestPauseMs }, { clock, record });
    const running = ingester.run();
    await clock.advance(60_000);
    isAway = false;
    await clock.advance(1_000);
    expect(recorded).toBe(1);
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
