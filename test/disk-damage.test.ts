// Files that were lost, damaged, made read-only or exchanged: what was left behind is used if it is sound, and where no
// waiting can help both applications stop, with a sentence and the exit code that says so.
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  allDelivered,
  journalled,
  moreInvoices,
  type Place,
  placeFor,
  quietSandbox,
  said,
  startIngester,
  startRelayer,
  stopAll,
} from './both-apps.ts';
import { type SpawnedNode, waitFor } from './helpers.ts';
import { insertEvents, newDatabaseFile, plainConnection } from './outbox-database.ts';
import { tinyDisk, whyNoMount } from './tiny-disk.ts';

const applications = [
  ['ingester', startIngester],
  ['relayer', startRelayer],
] as const;

/** Invoices whose commits are still in the WAL: the ingester was killed, and nobody checkpointed. */
async function leftInWal(): Promise<Place> {
  const place = placeFor(await quietSandbox());
  const ingester = startIngester(place, ['--rate', '1ms']);
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  await moreInvoices(place, 20);
  ingester.child.kill('SIGKILL');
  await ingester.exited;
  return place;
}

/** Both start and work, on whatever is left. */
async function bothCarryOn(place: Place): Promise<void> {
  const kept = plainConnection(place.file).prepare('SELECT id FROM invoices').pluck().all();
  const lost = journalled(place).filter((id) => !kept.includes(id));
  expect(lost.length).toBeGreaterThan(0);
  const fresh: Place = { ...place, journal: `${place.journal}-fresh` };
  const [ingester, relayer] = [startIngester(fresh), startRelayer(fresh)];
  await waitFor('invoices', () => /invoice recorded/.test(ingester.stdout));
  await moreInvoices(fresh);
  await allDelivered(fresh);
  expect(await stopAll(ingester, relayer)).toEqual([0, 0]);
}

describe('a WAL that somebody', () => {
  test('deleted while nothing ran costs what was in it, and nothing else', { timeout: 30_000 }, async () => {
    const place = await leftInWal();
    for (const suffix of ['-wal', '-shm']) rmSync(`${place.file}${suffix}`);
    await bothCarryOn(place);
  });

  test('cut in half while nothing ran costs the commits of that half', { timeout: 30_000 }, async () => {
    const place = await leftInWal();
    truncateSync(`${place.file}-wal`, Math.floor(statSync(`${place.file}-wal`).size / 2));
    await bothCarryOn(place);
  });
});

/** Overwrites every page of a table or index but the schema's own. */
function damage(file: string, name: string): void {
  const db = plainConnection(file);
  const pages = db.prepare('SELECT pageno FROM dbstat WHERE name = ?').pluck().all(name) as number[];
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const descriptor = openSync(file, 'r+');
  for (const page of pages)
    writeSync(descriptor, Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, (page - 1) * pageBytes);
  closeSync(descriptor);
}

async function endOf(app: SpawnedNode): Promise<{ readonly code: number | string; readonly said: string }> {
  return { code: await app.exited, said: app.stderr };
}

describe('a damaged page', () => {
  test.each([
    ['ingester', 'the table', 'events', startIngester],
    ['ingester', 'an index', 'events_id', startIngester],
    ['relayer', 'the table', 'events', startRelayer],
    ['relayer', 'the index of what is due', 'events_due', startRelayer],
    ['relayer', 'the index of leases', 'events_leased', startRelayer],
    ['relayer', 'the record', 'outbox_log', startRelayer],
  ] as const)('stops the %s with 3 and one line: %s, %s', async (_, __, name, start) => {
    const place = placeFor(await quietSandbox());
    const db = plainConnection(place.file);
    insertEvents(db, 500);
    db.exec(`UPDATE events SET lease_id = '00-x', available_at = 1 WHERE seq < 100`);
    db.exec(`INSERT INTO outbox_log (kind) VALUES ('gateway')`);
    damage(place.file, name);
    const { code, said: message } = await endOf(start(place));
    expect(message).toMatch(/damaged.*backup.*\(ERR_OUTBOX_DATABASE_CORRUPT\)/);
    expect(message.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(3);
  });
});

describe('a database of another application', () => {
  test.each(applications)('stops the %s with 3, one line, and not a byte changed', async (_, start) => {
    const place = placeFor(await quietSandbox());
    const db = plainConnection(place.file);
    db.exec('DROP TABLE events; DROP TABLE outbox_log; CREATE TABLE theirs (id INTEGER)');
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const before = readFileSync(place.file);
    const { code, said: message } = await endOf(start(place));
    expect(message).toMatch(/belongs to another application.*\(ERR_OUTBOX_DATABASE_FOREIGN\)\n$/);
    expect(code).toBe(3);
    expect(readFileSync(place.file).equals(before)).toBe(true);
  });
});

const whyNot = whyNoMount();
if (whyNot !== null) console.warn(`a read-only disk was NOT tried: ${whyNot}`);

describe.skipIf(whyNot !== null)(`a read-only disk${whyNot === null ? '' : ` (SKIPPED: ${whyNot})`}`, () => {
  test.each(applications)('stops the %s with 2 and one line', async (_, start) => {
    const disk = tinyDisk();
    const place = placeFor(await quietSandbox(), disk.folder);
    disk.remount('ro');
    const { code, said: message } = await endOf(start(place));
    expect(message).toMatch(/^the database \S+ cannot be used: .* is not writable for this user.*\n$/);
    expect(code).toBe(2);
  });
});

describe('a database file that was', () => {
  test.each([
    ['replaced', (file: string) => renameSync(newDatabaseFile(), file)],
    ['removed', (file: string) => rmSync(file)],
  ])('%s while both run stops both with 1 and one line', async (state, pull) => {
    const place = placeFor(await quietSandbox());
    const apps = [startIngester(place), startRelayer(place)];
    const [ingester, relayer] = apps;
    await Promise.all(apps.map((app) => said(app, /started/)));
    await waitFor('an invoice', () => /invoice recorded/.test(ingester?.stdout ?? ''));
    pull(place.file);
    for (const app of [ingester, relayer]) {
      if (app === undefined) continue;
      const { code, said: message } = await endOf(app);
      expect(message).toMatch(new RegExp(`^the database \\S+ was ${state} while it was open.*\\n$`));
      expect(code).toBe(1);
    }
  });
});
