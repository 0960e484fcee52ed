// What only a database of many writers can get wrong: two people decide at once, two relayers read the same window back, whoever is to be
// woken is elsewhere. The verbs themselves are held to the contract of all stores.
import type pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { waitFor } from '../helpers.ts';
import { asleepOn, describeOnPostgres, insertPostgresEvent, newOutbox } from '../postgres-database.ts';
import { seen, startMs } from '../store-contract-steps.ts';
import { postgresStoreOn } from './contract-database.ts';

const nowMs = startMs;
const gateway = 'https://a.test/api/v1/projects/p';
const done = { status: 'processed', gateway, processed_at: new Date(nowMs).toISOString() };

function openStore(url: string, table?: string): OutboxStore {
  const store = postgresStoreOn(url, table);
  onTestFinished(() => store.close());
  return store;
}

async function stocked(columns: object, events = 24) {
  const { url, client } = await newOutbox();
  const ids = Array.from({ length: events }, (_, n) => `e${n}`);
  for (const id of ids) await insertPostgresEvent(client, { id, ...columns });
  const stores: readonly [OutboxStore, OutboxStore] = [openStore(url), openStore(url)];
  return { client, ids, stores };
}

/** Both of them, at once beyond doubt: the rows are locked until both wait for them. */
async function atOnce<Result>(
  client: pg.Client,
  works: readonly (() => Promise<Result>)[],
): Promise<readonly Result[]> {
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM events FOR UPDATE');
  const results = Promise.all(works.map((work) => work()));
  await waitFor('both wait', async () => {
    const { rows } = await client.query<{ waiting: number }>(`
      SELECT count(*) AS waiting FROM pg_locks
       WHERE NOT granted AND (relation = 'events'::regclass OR transactionid = pg_current_xact_id()::xid)`);
    return rows[0]?.waiting === works.length;
  });
  await client.query('COMMIT');
  return results;
}

describeOnPostgres('two at once on PostgreSQL', () => {
  test('two people who redrive the same events at once move each of them once, under one new key', async () => {
    const { client, ids, stores } = await stocked({ status: 'dead' });
    const events = await seen(stores[0], ...ids);
    const redrive = (store: OutboxStore, given: typeof events) =>
      store.redrive({ events: given, keys: 'new', note: '', nowMs });
    const moved = await atOnce(client, [
      () => redrive(stores[0], events),
      () => redrive(stores[1], events.toReversed()),
    ]);
    expect(moved.flat().toSorted((a, b) => a - b)).toEqual(events.map(({ seq }) => seq));
    const { rows } = await client.query('SELECT status, key_suffix, count(*) FROM events GROUP BY 1, 2');
    expect(rows).toEqual([{ status: 'pending', key_suffix: '~r2', count: ids.length }]);
    expect(await Promise.all(stores.map((store) => store.records('redriven', 9)))).toMatchObject(
      stores.map(() => moved.filter((seqs) => seqs.length > 0).map(() => ({ kind: 'redriven' }))),
    );
  });

  test('two relayers that read the same keys back, in any order, confirm or resend each event once', async () => {
    const { client, ids, stores } = await stocked(done);
    const [first, second] = stores;
    const half = ids.slice(0, 12);
    const confirmed = await atOnce(client, [
      () => first.confirm({ gateway, keys: half, nowMs }),
      () => second.confirm({ gateway, keys: half.toReversed(), nowMs }),
    ]);
    expect(confirmed.reduce((sum, { events }) => sum + events, 0)).toBe(half.length);
    const lost = (await seen(first, ...ids.slice(12))).map(({ seq, resends }) => ({ seq, resends }));
    const resent = await atOnce(client, [
      () => first.resend({ gateway, events: lost, nowMs }),
      () => second.resend({ gateway, events: lost.toReversed(), nowMs }),
    ]);
    expect(resent.reduce((sum, events) => sum + events, 0)).toBe(lost.length);
  });

  test('a redrive wakes the relayers like an insert does, whatever the table is called', async () => {
    const table = `outbox_${'x'.repeat(53)}`;
    const { url, client } = await newOutbox(table);
    const woken: string[] = [];
    client.on('notification', ({ channel }) => woken.push(channel));
    await client.query(`LISTEN outbox_${table}`);
    await asleepOn(url, table);
    await insertPostgresEvent(client, { id: 'a', status: 'dead' }, table);
    await waitFor('the wake of an insert', () => woken.length === 1);
    const store = openStore(url, table);
    await store.redrive({ events: await seen(store, 'a'), keys: 'same', note: '', nowMs });
    await waitFor('the wake of a redrive', () => woken.length === 2);
  });
});

describeOnPostgres('odd rows on PostgreSQL', () => {
  test('a record that merely names the number of an event is none of its own', async () => {
    const { ids, stores } = await stocked({ status: 'dead' }, 3);
    const [store] = stores;
    const events = await seen(store, ...ids);
    await store.redrive({ events: events.slice(0, 2), keys: 'same', note: `not ${events[2]?.seq}`, nowMs });
    const records = await Promise.all(ids.map(async (id) => (await store.find(id))?.records.length));
    expect(records).toEqual([1, 1, 0]);
  });

  test('dates beyond all dates and details that are no JSON are shown, and nothing fails', async () => {
    const { client, stores } = await stocked({}, 0);
    const [store] = stores;
    await client.query(`
      INSERT INTO events (id, business_id, event_type, payload, status, created_at, processed_at, confirmed_at) VALUES
        ('odd', 'a', 't', '{}', 'processed', '-infinity', 'infinity', 'infinity'),
        ('old', 'a', 't', '{}', 'pending', '0044-03-15 BC', NULL, NULL);
      INSERT INTO outbox_log (kind, event_seq, detail) VALUES ('gateway', 1, 'cut {'), ('redriven', NULL, '1, 2')`);
    const [odd] = await seen(store, 'odd');
    expect(odd).toMatchObject({ createdAtMs: Number.NaN, processedAtMs: Number.NaN });
    expect((await store.find('odd'))?.records.map(({ detail }) => detail)).toEqual([{ text: 'cut {' }]);
    expect(await store.glance({ fromMs: nowMs, toMs: nowMs })).toMatchObject({ acceptances: [] });
    const { oldestPendingAtMs, counts } = await store.overview({ nowMs, windowMs: 1_000 });
    expect([oldestPendingAtMs, counts.processed]).toEqual([Date.UTC(-43, 2, 15), 1]);
    const filter = { createdBeforeMs: nowMs };
    const listed = await store.list({ filter, order: 'oldest', beyondSeq: null, limit: 9, nowMs });
    expect(listed.map(({ id }) => id)).toEqual(['odd', 'old']);
  });
});
