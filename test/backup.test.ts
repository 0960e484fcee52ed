// A backup taken while both applications run: every invoice in it has its event, and a relayer carries on from it.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
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
import { spawnNode, tempDirectory, waitFor } from './helpers.ts';
import { outboxScript } from './operator-command.ts';
import { plainConnection, statusCounts } from './outbox-database.ts';

test('a backup while both run restores to a consistent system', { timeout: 60_000 }, async () => {
  const sandbox = await quietSandbox();
  const place = placeFor(sandbox);
  const [ingester, relayer] = [startIngester(place, ['--rate', '2ms']), startRelayer(place)];
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  const backups = tempDirectory();
  for (let n = 0; n < 3; n++) {
    await moreInvoices(place, 15);
    const backup = spawnNode(outboxScript, ['backup', path.join(backups, `${n}.db`)], { env: place.env });
    expect([await backup.exited, backup.stderr]).toEqual([0, '']);
  }
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
  expect(readdirSync(backups).toSorted()).toEqual(['0.db', '1.db', '2.db']);
  expect(statSync(path.join(backups, '0.db')).mode & 0o777).toBe(0o600);
  const again = spawnNode(outboxScript, ['backup', path.join(backups, '0.db')], { env: place.env });
  expect([await again.exited, again.stderr]).toEqual([2, expect.stringMatching(/exists: name another file/)]);
  // A path that is longer than SQLite takes: what it says in the copying thread reaches the person.
  const deep = path.join(tempDirectory(), ...['a', 'b', 'c'].map((letter) => letter.repeat(200)));
  mkdirSync(deep, { recursive: true });
  const failed = spawnNode(outboxScript, ['backup', deep], { env: place.env });
  expect([await failed.exited, failed.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot be copied to .*No backup was kept.*SQLITE_CANTOPEN/),
  ]);

  for (let n = 0; n < 3; n++) {
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
