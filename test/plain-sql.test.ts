// A plain INSERT is a complete event, from any language: what the schema's defaults make, and what its CHECKs refuse.
import type Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type EventColumns,
  eventRow,
  insertEvent,
  newDatabaseFile,
  plainConnection,
} from './outbox-database.ts';

let db: Database.Database;

beforeEach(() => {
  db = plainConnection(newDatabaseFile());
});

const plainInsert = `INSERT INTO events (business_id, event_type, payload) VALUES ('acme', 'invoice.created', '{"n":1}')`;

describe('a plain INSERT', () => {
  test('of business, type and payload is a complete event', () => {
    const seq = Number(db.prepare(plainInsert).run().lastInsertRowid);
    const { id, created_at, ...row } = eventRow(db, seq);
    expect(row).toEqual({
      seq: 1,
      key_suffix: '',
      business_id: 'acme',
      event_type: 'invoice.created',
      payload: '{"n":1}',
      headers: null,
      status: 'pending',
      processed_at: null,
      resends: 0,
      confirmed_at: null,
      available_at: 0,
      lease_id: null,
      attempts: 0,
      claims: 0,
      wait_reason: null,
      gateway: null,
      last_error: null,
    });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
  });

  test('gets an id that tells its time, to the millisecond of its created_at', () => {
    for (let n = 0; n < 200; n++) {
      const { id, created_at } = eventRow(db, Number(db.prepare(plainInsert).run().lastInsertRowid));
      const idMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
      // julianday() is a fraction, rounded; strftime() cuts off: at most the last digit differs.
      expect(Math.abs(idMs - Date.parse(created_at))).toBeLessThanOrEqual(1);
    }
  });

  test('gets an id of its own, later ones after earlier ones', () => {
    const insert = db.prepare(`${plainInsert} RETURNING id`).pluck();
    const ids = Array.from({ length: 500 }, () => String(insert.get()));
    expect(new Set(ids).size).toBe(ids.length);
    const instants = ids.map((id) => id.slice(0, 13));
    expect(instants).toEqual(instants.toSorted());
  });

  test('sets every bit of the id that chance should set', () => {
    const ids = db.prepare(`${plainInsert} RETURNING id`).pluck();
    const nibbles = Array.from({ length: 36 }, () => new Set<string>());
    for (let n = 0; n < 300; n++) {
      for (const [at, char] of [...String(ids.get())].entries()) nibbles[at]?.add(char);
    }
    const random = [15, 16, 17, 20, 21, 22, ...Array.from({ length: 12 }, (_, n) => 24 + n)];
    for (const at of random) expect(nibbles[at]?.size).toBeGreaterThanOrEqual(14);
    expect(nibbles[19]).toEqual(new Set(['8', '9', 'a', 'b']));
  });
});

describe('the schema takes', () => {
  test.each<{ what: string; columns: EventColumns }>([
    { what: 'an empty object', columns: { payload: '{}' } },
    { what: 'headers as an object', columns: { headers: '{"traceparent":"x"}' } },
    { what: 'a business id that is not ASCII', columns: { business_id: 'Müller & Söhne' } },
    { what: 'an id and a suffix of its own', columns: { id: 'order-1', key_suffix: '~r2' } },
    { what: 'a discarded event', columns: { status: 'discarded' } },
    { what: '255 characters of id', columns: { id: 'x'.repeat(255) } },
  ])('$what', ({ columns }) => {
    expect(() => insertEvent(db, columns)).not.toThrow();
  });
});

describe('the schema refuses', () => {
  test.each<{ what: string; check: string; columns: Record<string, unknown> }>([
    { what: 'an unknown status', check: 'events_status_known', columns: { status: 'sent' } },
    {
      what: 'a lease on a processed event',
      check: 'events_only_pending_leased',
      columns: { status: 'processed', lease_id: '00:a:1' },
    },
    {
      what: 'a payload that is no JSON',
      check: 'events_payload_is_json_object',
      columns: { payload: '{"a":' },
    },
    { what: 'a payload that is a list', check: 'events_payload_is_json_object', columns: { payload: '[1]' } },
    { what: 'a payload that is text', check: 'events_payload_is_json_object', columns: { payload: '"x"' } },
    {
      what: 'a payload as bytes',
      check: 'events_payload_is_json_object',
      columns: { payload: Buffer.from('{"a":1}') },
    },
    { what: 'a payload in JSON5', check: 'events_payload_is_json_object', columns: { payload: '{a:1,}' } },
    {
      what: 'an instant as text',
      check: 'events_available_at_is_integer',
      columns: { available_at: 'soon' },
    },
    {
      what: 'an instant with a fraction',
      check: 'events_available_at_is_integer',
      columns: { available_at: 1.5 },
    },
    { what: 'an empty id', check: 'events_id_is_printable', columns: { id: '' } },
    { what: 'an id of 256 characters', check: 'events_id_is_printable', columns: { id: 'x'.repeat(256) } },
    { what: 'an id with a blank', check: 'events_id_is_printable', columns: { id: 'a b' } },
    { what: 'an id with a line break', check: 'events_id_is_printable', columns: { id: 'a\nb' } },
    { what: 'an id that is not ASCII', check: 'events_id_is_printable', columns: { id: 'é' } },
    {
      what: 'a suffix with a blank',
      check: 'events_key_suffix_is_printable',
      columns: { key_suffix: ' r2' },
    },
    {
      what: 'a suffix of 33 characters',
      check: 'events_key_suffix_is_printable',
      columns: { key_suffix: 'x'.repeat(33) },
    },
    { what: 'a blank business id', check: 'events_business_id_not_blank', columns: { business_id: '  ' } },
    {
      what: 'a business id of 256 characters',
      check: 'events_business_id_not_blank',
      columns: { business_id: 'x'.repeat(256) },
    },
    { what: 'a blank event type', check: 'events_event_type_not_blank', columns: { event_type: '' } },
    { what: 'headers that are a list', check: 'events_headers_are_json_object', columns: { headers: '[]' } },
    {
      what: 'headers that are no JSON',
      check: 'events_headers_are_json_object',
      columns: { headers: 'x: y' },
    },
    { what: 'negative counters', check: 'events_counters_not_negative', columns: { attempts: -1 } },
  ])('$what', ({ check, columns }) => {
    expect(() => insertEvent(db, columns as EventColumns)).toThrow(`CHECK constraint failed: ${check}`);
    expect(db.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  });

  test('the same id twice', () => {
    insertEvent(db, { id: 'same' });
    expect(() => insertEvent(db, { id: 'same' })).toThrow('UNIQUE constraint failed: events.id');
  });
});
