// A backup taken while both applications run: every invoice in it has its event, and a relayer carries on from it.
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  allDelivered,
  moreInvoices,
  placeFor,
  quietSandbox,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { plainConnection, statusCounts } from './outbox-database.ts';

test('VACUUM INTO while both run restores to a consistent system', { timeout: 60_000 }, async () => {
  const sandbox = await quietSandbox();
  const place = placeFor(sandbox);
  const [ingester, relayer] = [startIngester(place, ['--rate', '2ms']), startRelayer(place)];
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  const backups = tempDirectory();
  for (let n = 0; n < 5; n++) {
    await moreInvoices(place, 15);
    const connection = new Database(place.file, { timeout: 5_000 });
    connection.prepare('VACUUM INTO ?').run(path.join(backups, `${n}.db`));
    connection.close();
  }
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);

  for (let n = 0; n < 5; n++) {
    const db = plainConnection(path.join(backups, `${n}.db`));
    const ids = (sql: string) => db.prepare(sql).pluck().all();
    const events = ids(`SELECT json_extract(payload, '$.data.id') FROM events ORDER BY 1`);
    expect(events).toEqual(ids('SELECT id FROM invoices ORDER BY id'));
    expect(events.length).toBeGreaterThanOrEqual(15 * (n + 1));
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  }

  // Restored as the documentation says: both stopped, the old -wal and -shm removed, the backup in the file's place.
  for (const suffix of ['-wal', '-shm']) rmSync(`${place.file}${suffix}`, { force: true });
  renameSync(path.join(backups, '2.db'), place.file);
  const fresh = { ...place, journal: `${place.journal}-restored` };
  const restored = [startIngester(fresh), startRelayer(fresh)];
  await waitFor('invoices', () => /invoice recorded/.test(restored[0]?.stdout ?? ''));
  await moreInvoices(fresh);
  await allDelivered(fresh);
  expect(await stopAll(...restored)).toEqual([0, 0]);
  expect(statusCounts(plainConnection(place.file))).not.toHaveProperty('dead');
  // What the gateway had accepted before is sent again under the same key: it keeps one.
  expect(sandbox.ledger.changedKeys()).toEqual([]);
});
