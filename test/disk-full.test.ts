// A disk without room: both applications live through it, start on it, and go on when there is room again.
import { describe, expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../apps/outbox/daemon.ts';
import { openDatabase } from '../apps/outbox/sqlite/connection.ts';
import { sqliteStore } from '../apps/outbox/sqlite/store.ts';
import {
  allDelivered,
  moreInvoices,
  placeFor,
  quietSandbox,
  said,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { insertEvents, newDatabaseFile, plainConnection, statusCounts } from './outbox-database.ts';
import { tinyDisk, whyNoMount } from './tiny-disk.ts';

const whyNot = whyNoMount();
if (whyNot !== null) console.warn(`a full disk was NOT tried with a real one: ${whyNot}`);

describe.skipIf(whyNot !== null)(`a full disk${whyNot === null ? '' : ` (SKIPPED: ${whyNot})`}`, () => {
  test('is said once by both applications, and outlived', { timeout: 60_000 }, async () => {
    const disk = tinyDisk();
    const place = placeFor(await quietSandbox(), disk.folder);
    const [ingester, relayer] = [startIngester(place), startRelayer(place)];
    await said(relayer, /relayer started/);
    await moreInvoices(place, 3).catch(() => undefined);
    disk.fill();
    await said(ingester, /invoice not recorded.*full/);
    disk.free();
    await said(ingester, /invoices are recorded again/);
    await moreInvoices(place);
    expect(ingester.stdout.match(/invoice not recorded[^\n]*full/g)).toHaveLength(1);
    await allDelivered(place);
    expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
  });

  test.each([
    ['relayer', startRelayer],
    ['ingester', startIngester],
  ])('at the start of the %s is no mistake in the settings: PM2 starts it again', async (_, start) => {
    const disk = tinyDisk();
    const place = placeFor(await quietSandbox(), disk.folder);
    disk.fill();
    const app = start(place);
    expect(await app.exited).toBe(exitCodes.failed);
    expect(app.stderr).toMatch(
      /^the database \S+ cannot be read or written at this moment: check disk space.*\n$/,
    );
  });
});

test('an outcome that finds no room is refused whole, and settles when there is room', async () => {
  const file = newDatabaseFile();
  insertEvents(plainConnection(file), 2);
  const db = await openDatabase(file, { synchronous: 'NORMAL', busyTimeoutMs: 0, autocheckpointPages: 0 });
  onTestFinished(() => void db.close());
  const store = sqliteStore(db);
  const leaseId = '00-1';
  const claim = { slots: 2, leaseId, leaseEndsAtMs: 30_000, dueByMs: 0, exceptSeqs: [] };
  await store.turn({ settlements: [], claim, nowMs: 1 });
  const settlements = [
    { kind: 'processed', seq: 1, leaseId, gateway: 'g' },
    { kind: 'dead', seq: 2, leaseId, error: 'x'.repeat(200_000), countsAttempt: true },
  ] as const;
  db.pragma('max_page_count = 1');
  await expect(store.turn({ settlements, claim: null, nowMs: 2 })).rejects.toMatchObject({
    code: 'SQLITE_FULL',
  });
  expect(statusCounts(db)).toEqual({ pending: 2 });
  db.pragma('max_page_count = 1000000');
  expect(await store.turn({ settlements, claim: null, nowMs: 3 })).toMatchObject({ lost: [], claimed: [] });
  expect(statusCounts(db)).toEqual({ processed: 1, dead: 1 });
});
