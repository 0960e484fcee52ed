// The application of the benchmark, in both its ways: if one did less than the other, what they take could not be compared.
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Way } from '../scripts/bench/application.ts';
import { formEvent } from '../scripts/bench/event-form.ts';
import { startWriter } from '../scripts/bench/writer-link.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

const ways: readonly Way[] = ['client', 'statements'];

async function writerOn(file: string, way: Way) {
  const logFile = path.join(path.dirname(file), 'writer.log');
  const link = await startWriter({
    database: file,
    way,
    environment: { PATH: process.env.PATH ?? '' },
    logFile,
  });
  onTestFinished(() => link.end());
  return link;
}

test.each(ways)('by %s an invoice and its event are committed for each number', async (way) => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const { keys } = await (await writerOn(file, way)).burst(2);
  const events = db
    .prepare<[], { id: string; business_id: string; payload: string }>(
      'SELECT id, business_id, payload FROM events ORDER BY seq',
    )
    .all();
  expect(events.map(({ id }) => id)).toEqual(keys);
  const formed = [1_000_000_000, 1_000_000_001].map(formEvent);
  expect(events.map(({ payload }) => JSON.parse(payload))).toEqual(
    formed.map(({ payload }) => JSON.parse(payload)),
  );
  const invoices = db.prepare('SELECT business_id FROM invoices ORDER BY rowid').pluck().all();
  expect(invoices).toEqual(formed.map(({ businessId }) => businessId));
});

test.each(ways)('by %s all of a burst is one transaction', async (way) => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  db.exec(`CREATE TRIGGER fault BEFORE INSERT ON events WHEN (SELECT count(*) FROM events) = 1
           BEGIN SELECT raise(ABORT, 'injected'); END`);
  const link = await writerOn(file, way);
  await expect(link.burst(2)).rejects.toThrow();
  expect(
    db.prepare('SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM invoices)').pluck().get(),
  ).toBe(0);
});
