// redrive, discard and prune, as processes: what they change, what they ask, and that a refusal changes nothing.
import { expect, test, vi } from 'vitest';
import { isoText } from '../apps/outbox/clock.ts';
import { spawnNode, waitFor } from './helpers.ts';
import { outbox, outboxJson, outboxScript } from './operator-command.ts';
import {
  eventRow,
  insertEvent,
  insertEvents,
  newDatabaseFile,
  plainConnection,
  statusCounts,
} from './outbox-database.ts';

// Each case starts several processes: a second altogether, and many on a machine that is busy.
vi.setConfig({ testTimeout: 60_000 });

const dead = { status: 'dead', attempts: 10, last_error: 'HTTP 400: no' };
const done = {
  status: 'processed',
  processed_at: isoText(Date.UTC(2026, 0, 1)),
  confirmed_at: isoText(Date.UTC(2026, 0, 1)),
};
const gateway = 'https://a.test/api/v1/projects/p';

function stocked() {
  const file = newDatabaseFile();
  const db = plainConnection(file);
  const rows = () => db.prepare('SELECT * FROM events ORDER BY seq').all();
  return { file, db, rows };
}

test('redrive moves one event by its id without a question, and records it', () => {
  const { file, db } = stocked();
  const [first] = [insertEvent(db, { id: 'a', ...dead }), insertEvent(db, { id: 'b', ...dead })];
  expect(outbox(file, 'redrive', 'a')).toMatchObject({
    status: 0,
    stdout: '1 event pending again\n',
    stderr: '',
  });
  expect(statusCounts(db)).toEqual({ pending: 1, dead: 1 });
  const record = db.prepare('SELECT kind, event_seq, detail FROM outbox_log').all();
  expect(record).toEqual([
    { kind: 'redriven', event_seq: first, detail: '{"events":1,"keys":"same","note":"by id"}' },
  ]);
});

test('more than one event wants a yes: without it, and without a terminal, nothing changes', () => {
  const { file, db, rows } = stocked();
  insertEvents(db, 3, dead);
  const before = rows();
  expect(outbox(file, 'redrive', '--dead')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^Are 3 events to be pending again\? Add --yes/),
  });
  expect(rows()).toEqual(before);
  expect(outbox(file, 'redrive', '--dead', '--yes')).toMatchObject({
    status: 0,
    stdout: '3 events pending again\n',
  });
  expect(statusCounts(db)).toEqual({ pending: 3 });
});

test('a dry run shows which events, and changes nothing', () => {
  const { file, db, rows } = stocked();
  for (const id of ['a', 'b']) insertEvent(db, { id, ...dead, business_id: id });
  const before = rows();
  expect(outboxJson(file, 'redrive', '--dead', '--business', 'b', '--dry-run')).toMatchObject({
    dryRun: true,
    events: 1,
    sample: [{ id: 'b' }],
  });
  expect(rows()).toEqual(before);
});

test('a new key is given only when asked for, with a word on the risk', () => {
  const { file, db } = stocked();
  const undelivered = {
    ...done,
    confirmed_at: null,
    gateway,
    last_error: 'Failure: no subscription matched this event',
  };
  const seq = insertEvent(db, { id: 'burnt', ...undelivered });
  expect(outbox(file, 'redrive', 'burnt')).toMatchObject({
    status: 4,
    stderr: expect.stringContaining('--new-key'),
  });
  const result = outbox(file, 'redrive', '--state', 'undelivered', '--new-key');
  expect(result).toMatchObject({ status: 0, stderr: expect.stringMatching(/gets it twice/) });
  expect(eventRow(db, seq)).toMatchObject({ status: 'pending', key_suffix: '~r2' });
});

test('what only the sandbox accepted is sent again', () => {
  const { file, db } = stocked();
  const sandbox = 'http://127.0.0.1:5055/api/v1/projects/sandbox';
  db.prepare(`INSERT INTO outbox_log (kind, detail) VALUES ('verified', json_object('gateway', ?))`).run(
    sandbox,
  );
  insertEvents(db, 2, { ...done, gateway: sandbox });
  insertEvent(db, { ...done, gateway });
  expect(outbox(file, 'redrive', '--accepted-by', 'sandbox', '--yes').status).toBe(0);
  expect(statusCounts(db)).toEqual({ pending: 2, processed: 1 });
});

test('a redrive keeps to its rate, tells how far it is, and Ctrl-C ends it between two steps', async () => {
  const { file, db } = stocked();
  insertEvents(db, 500, dead);
  const env = { ...process.env, DATABASE_URL: `file:${file}` };
  const redrive = spawnNode(outboxScript, ['redrive', '--dead', '--yes', '--rate', '20', '--json'], { env });
  await waitFor('the first events', () => (statusCounts(db).pending ?? 0) >= 4);
  redrive.child.kill('SIGINT');
  expect(await redrive.exited).toBe(130);
  const { pending, dead: left } = statusCounts(db);
  expect(JSON.parse(redrive.stdout)).toEqual({ dryRun: false, events: pending, interrupted: true });
  expect(left).toBeGreaterThan(400);
});

test('discard gives up with a reason that stays, and a redrive takes it back', () => {
  const { file, db } = stocked();
  const seq = insertEvent(db, { id: 'a', ...dead });
  expect(outbox(file, 'discard', 'a').stderr).toMatch(/reason/);
  expect(outbox(file, 'discard', 'a', '--reason', ' ')).toMatchObject({ status: 2 });
  expect(outbox(file, 'discard', 'a', '--reason', 'test data')).toMatchObject({
    stdout: '1 event discarded\n',
  });
  expect(eventRow(db, seq)).toMatchObject({
    status: 'discarded',
    last_error: 'discarded: test data; before: HTTP 400: no',
  });
  expect(outbox(file, 'discard', 'a', '--reason', 'again')).toMatchObject({ status: 4 });
  expect(outbox(file, 'redrive', 'a')).toMatchObject({ status: 0 });
});

test('prune deletes what is old and confirmed, keeps the rest and the record, and says so', () => {
  const { file, db } = stocked();
  insertEvents(db, 250, done);
  insertEvents(db, 2, { ...done, confirmed_at: null });
  insertEvents(db, 1, { ...done, processed_at: isoText(Date.now()) });
  insertEvents(db, 1, dead);
  db.exec(`INSERT INTO outbox_log (at, kind) VALUES ('2025-01-01T00:00:00.000+00:00', 'discarded')`);
  expect(outboxJson(file, 'prune', '--older-than', '1h', '--dry-run')).toEqual({
    dryRun: true,
    events: 250,
    kept: 2,
  });
  expect(outbox(file, 'prune', '--older-than', '1h')).toMatchObject({ status: 2 });
  expect(statusCounts(db)).toEqual({ processed: 253, dead: 1 });
  const { stdout } = outbox(file, 'prune', '--older-than', '1h', '--yes');
  expect(stdout).toBe(
    '250 events deleted\n2 events not confirmed by Convoy stay; --unconfirmed takes them, too\n',
  );
  expect(outboxJson(file, 'prune', '--older-than', '1h', '--yes', '--unconfirmed')).toMatchObject({
    events: 2,
  });
  expect(statusCounts(db)).toEqual({ processed: 1, dead: 1 });
  expect(db.prepare('SELECT count(*) FROM outbox_log').pluck().get()).toBe(1);
});
