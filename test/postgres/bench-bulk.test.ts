// The rows that a benchmark fills a PostgreSQL table with: events like any others, and what is asked about them.
import { expect, onTestFinished, test } from 'vitest';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import { postgresBulk } from '../../scripts/bench/bulk-postgres.ts';
import { bulkKey } from '../../scripts/bench/bulk-rows.ts';
import { businessIds } from '../../scripts/bench/event-form.ts';
import { looksAtPostgres } from '../../scripts/bench/looks-postgres.ts';
import { describeOnPostgres, newOutbox } from '../postgres-database.ts';

const { signal } = new AbortController();
const accepted = { kind: 'processed', gateway: 'http://g', fromMs: 1e12, stepMs: 10 } as const;
const due = { kind: 'pending', availableAtMs: 0 } as const;

async function outbox({ isOnThisMachine = true } = {}) {
  const { url, name, client } = await newOutbox();
  const connection = connectPostgres({ url, synchronousCommit: 'off', applicationName: 'outbox-test' });
  onTestFinished(() => connection.close());
  const copy = new URL(url);
  copy.searchParams.set('schema', name);
  const bulk = postgresBulk({ connection, isOnThisMachine: async () => isOnThisMachine });
  return { bulk, connection, client, copy: copy.href };
}

describeOnPostgres('on PostgreSQL,', () => {
  test('events added in bulk are events, follow what is there, and are followed by the next', async () => {
    const { bulk, client, copy } = await outbox();
    const append = `INSERT INTO events (business_id, event_type, payload) VALUES ('acme', 'x', '{}') RETURNING seq`;
    for (const _ of [1, 2]) await client.query(append);
    await bulk.add(copy, { count: 30, rows: { ...accepted, isConfirmed: true } }, signal);
    await bulk.add(copy, { count: 20, rows: { ...accepted, isConfirmed: false } }, signal);
    await bulk.add(copy, { count: 5, rows: due }, signal);
    const { rows } = await client.query(
      `SELECT seq, id, business_id, status, created_at, processed_at, confirmed_at IS NOT NULL AS confirmed,
              payload::json -> 'data' ->> 'id' AS invoice FROM events WHERE seq > 2 ORDER BY seq`,
    );
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, index) => bulkKey(index + 3)));
    expect(new Set(rows.map(({ business_id: id }) => id))).toEqual(new Set(businessIds));
    expect(new Set(rows.map(({ invoice }) => invoice)).size).toBe(55);
    expect(rows.map(({ confirmed }) => confirmed)).toEqual([
      ...Array(30).fill(true),
      ...Array(25).fill(false),
    ]);
    expect(rows[1]).toMatchObject({
      ...{ status: 'processed', processed_at: new Date(1e12 + 10), created_at: new Date(1e12 + 5) },
    });
    expect(rows.at(-1)).toMatchObject({ status: 'pending', processed_at: null });
    expect((await client.query(append)).rows).toEqual([{ seq: 58 }]);
    expect(await bulk.leftOf(copy, { firstSeq: 3, lastSeq: 52 }, 'any')).toBe(50);
    expect(await bulk.leftOf(copy, { firstSeq: 3, lastSeq: 52 }, 'unconfirmed')).toBe(20);
    expect(await bulk.bytesOf(copy)).toBeGreaterThan(8_192);
  });

  test('what waits for tomorrow is counted, and not waited for', async () => {
    const { bulk, connection, copy } = await outbox();
    await bulk.add(copy, { count: 3, rows: due }, signal);
    await bulk.tidy(copy);
    const left = looksAtPostgres(connection).pendingIn(copy);
    expect(await left()).toBe(true);
    await bulk.postponeAll(copy, Date.now() + 86_400_000);
    expect(await left()).toBe(false);
    expect(await bulk.waitingIn(copy)).toBe(3);
  });

  test('an interruption ends the filling', async () => {
    const { bulk, copy } = await outbox();
    const filling = bulk.add(copy, { count: 10, rows: due }, AbortSignal.abort());
    await expect(filling).rejects.toMatchObject({ code: 'ERR_BENCH_INTERRUPTED' });
  });

  test('the room on the disk of a server elsewhere is not known', async () => {
    const { bulk } = await outbox({ isOnThisMachine: false });
    expect(await bulk.room()).toBeNull();
  });
});
