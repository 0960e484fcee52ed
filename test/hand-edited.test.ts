// Events that somebody edited by hand, with the CHECKs switched off: whatever is in a row, every other event is delivered,
// and no row makes the relayer spin or die.
import { expect, test } from 'vitest';
import { placeFor, quietSandbox, said, startRelayer, stopAll } from './both-apps.ts';
import { waitFor } from './helpers.ts';
import {
  eventRow,
  insertEvent,
  insertEvents,
  newDatabaseFile,
  openStore,
  plainConnection,
} from './outbox-database.ts';

type Column = string | number | bigint | Buffer | null;

/** What was done to a row, and what must become of it: `dead` with a reason, delivered, or left as it is. */
const edits: readonly (readonly [string, Record<string, Column>, 'dead' | 'processed' | 'untouched'])[] = [
  ['payload that is not JSON', { payload: '{"n":' }, 'dead'],
  ['payload that is an array', { payload: '[1]' }, 'dead'],
  ['payload that is a blob', { payload: Buffer.from([0xff, 0x00, 0x7b]) }, 'dead'],
  ['payload that is a number', { payload: 7 }, 'dead'],
  ['empty payload', { payload: '' }, 'dead'],
  ['headers that are not JSON', { headers: '{"a"' }, 'dead'],
  ['headers that are a blob', { headers: Buffer.from('{"a":"b"}') }, 'dead'],
  ['headers with a line break', { headers: '{"a":"b\\r\\nevil: 1"}' }, 'dead'],
  ['business id that is a blob', { business_id: Buffer.from('acme') }, 'dead'],
  ['business id that is an unreadable blob', { business_id: Buffer.from([0xff, 0x00]) }, 'dead'],
  ['business id with a line break', { business_id: 'acme\r\nevil' }, 'dead'],
  ['event type that is a blob', { event_type: Buffer.from([0]) }, 'dead'],
  ['blank event type', { event_type: ' ' }, 'dead'],
  ['id with a blank', { id: 'not an id' }, 'dead'],
  ['id that is a blob', { id: Buffer.from([0xff]) }, 'dead'],
  ['key suffix that is a blob', { key_suffix: Buffer.from([0]) }, 'dead'],
  ['created_at that is no date', { created_at: 'yesterday' }, 'processed'],
  ['counters that are texts', { attempts: 'many', claims: 'few' }, 'processed'],
  ['negative counters', { attempts: -5, claims: -5 }, 'processed'],
  ['lease of nobody', { lease_id: 'someone' }, 'processed'],
  ['unknown status', { status: 'sent' }, 'untouched'],
  ['status that is a number', { status: 1 }, 'untouched'],
  ['available_at that is a text', { available_at: 'soon' }, 'untouched'],
  ['available_at that is a blob', { available_at: Buffer.from([1]) }, 'untouched'],
  ['available_at beyond all time', { available_at: 9_223_372_036_854_775_807n }, 'untouched'],
];

test('an event edited by hand never stops the others', { timeout: 60_000 }, async () => {
  const sandbox = await quietSandbox();
  const place = placeFor(sandbox);
  const db = plainConnection(place.file);
  db.pragma('ignore_check_constraints = 1');
  const sound = insertEvents(db, 20);
  const edited = edits.map(([what, columns, fate]) => {
    const seq = insertEvent(db);
    const assignments = Object.keys(columns).map((name) => `${name} = :${name}`);
    db.prepare(`UPDATE events SET ${assignments.join(', ')} WHERE seq = :seq`).run({ ...columns, seq });
    return { what, seq, fate };
  });
  sound.push(...insertEvents(db, 20));

  const relayer = startRelayer(place);
  const status = db.prepare('SELECT status FROM events WHERE seq = ?').pluck();
  const unfinished = () => sound.filter((seq) => status.get(seq) !== 'processed');
  await waitFor('every sound event is delivered', () => unfinished().length === 0);
  const wrong = () =>
    edited
      .filter(({ seq, fate }) => fate !== 'untouched' && status.get(seq) !== fate)
      .map(({ what }) => what);
  await waitFor('the edited ones are settled', () => wrong().length === 0, 5_000).catch(() => undefined);
  expect(wrong()).toEqual([]);
  for (const { seq, fate, what } of edited) {
    if (fate === 'dead') expect(eventRow(db, seq).last_error, what).toMatch(/not|blank|holds/);
    if (fate === 'untouched') expect(['sent', '1.0', 'pending'], what).toContain(status.get(seq));
  }
  // A later one still passes.
  const last = insertEvent(db);
  await waitFor('a later event is delivered', () => status.get(last) === 'processed');
  await said(relayer, /relayer started/);
  expect(await stopAll(relayer)).toEqual([0]);
});

test('an event that is due at no readable instant does not make the relayer spin', async () => {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  db.pragma('ignore_check_constraints = 1');
  const seqs = insertEvents(db, 3);
  const set = db.prepare('UPDATE events SET available_at = ? WHERE seq = ?');
  for (const [index, value] of ['soon', Buffer.from([1]), 9_223_372_036_854_775_807n].entries())
    set.run(value, seqs[index]);
  const store = await openStore(file);
  expect(await store.nextDueAtMs(0)).toBeNull();
});
