// Reading back from the sandbox: what is listed, in which order and in which pages, and what a loss looks like from here.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { call, eventBody, linesOf, post, quickSandbox } from './sandbox-client.ts';

async function get(sandbox: Sandbox, route: string) {
  const headers = { Authorization: `Bearer ${sandbox.apiKey}` };
  const answer = await call(`${sandbox.url}/v1/projects/${sandbox.projectId}/${route}`, { headers });
  return { ...answer, json: answer.text === '' ? null : JSON.parse(answer.text) };
}

async function store(sandbox: Sandbox, bodies: readonly string[]): Promise<void> {
  const before = sandbox.state().rows;
  for (const body of bodies) expect((await post(sandbox, body)).status).toBe(201);
  await waitFor('all are stored', () => sandbox.state().rows === before + bodies.length);
}

const keysOf = (json: { data: { content: { idempotency_key: string }[] } }) =>
  json.data.content.map((row) => row.idempotency_key);

describe('the list of events', () => {
  test('shows each stored row with the fields and the envelope of Convoy', async () => {
    const sandbox = await quickSandbox();
    await store(sandbox, [eventBody('k1'), eventBody('k2', { owner_id: 'nobody' }), eventBody('k1')]);
    const { status, json } = await get(sandbox, 'events?perPage=10&sort=ASC');
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: true, message: 'App events fetched successfully' });
    expect(json.data.pagination).toMatchObject({ per_page: 10, has_next_page: false, has_prev_page: false });
    expect(json.data.content).toMatchObject([
      { idempotency_key: 'k1', is_duplicate_event: false, status: 'Success', project_id: 'sandbox' },
      {
        idempotency_key: 'k2',
        status: 'Failure',
        failure_reason: 'no subscription matched this event',
      },
      { idempotency_key: 'k1', is_duplicate_event: true, status: 'Processing' },
    ]);
    expect(json.data.content[0].uid).toMatch(/^[0-9A-Z]{26}$/);
    expect(Date.parse(json.data.content[0].created_at)).toBeGreaterThan(
      Date.parse(json.data.content[0].acknowledged_at),
    );
  });

  test.each(['ASC', 'DESC'])('pages of it in %s order hold every row once', async (sort) => {
    const sandbox = await quickSandbox();
    const keys = Array.from({ length: 7 }, (_, n) => `k${n}`);
    await store(
      sandbox,
      keys.map((key) => eventBody(key)),
    );
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page < 4; page++) {
      const { json } = await get(sandbox, `events?perPage=3&sort=${sort}&next_page_cursor=${cursor}`);
      seen.push(...keysOf(json));
      cursor = json.data.pagination.next_page_cursor;
      if (!json.data.pagination.has_next_page) break;
    }
    expect(seen).toEqual(sort === 'ASC' ? keys : keys.toReversed());
  });

  test('is filtered by the second of storing, and by one key', async () => {
    let nowMs = Date.UTC(2026, 0, 1, 12);
    const sandbox = await quickSandbox({ nowMs: () => nowMs, storeDelayMs: 1 });
    await store(sandbox, [eventBody('early')]);
    nowMs += 60_500;
    await store(sandbox, [eventBody('late')]);
    const between = async (from: string, to: string) =>
      keysOf((await get(sandbox, `events?startDate=2026-01-01T${from}&endDate=2026-01-01T${to}`)).json);
    expect(await between('12:00:00', '12:00:59')).toEqual(['early']);
    // Exact to the second: what was stored half a second after 12:01:00 needs one second more.
    expect(await between('12:00:30', '12:01:00')).toEqual([]);
    expect(await between('12:00:30', '12:01:01')).toEqual(['late']);
    expect(keysOf((await get(sandbox, 'events?idempotencyKey=early')).json)).toEqual(['early']);
    expect(keysOf((await get(sandbox, 'events?idempotencyKey=nobody')).json)).toEqual([]);
  });

  test('tells its own time in the Date header', async () => {
    const sandbox = await quickSandbox({ nowMs: () => Date.UTC(2026, 0, 1, 12) });
    expect((await get(sandbox, 'events')).headers.date).toBe('Thu, 01 Jan 2026 12:00:00 GMT');
  });

  test('refuses other forms of dates, and crashes at a negative page like Convoy', async () => {
    const sandbox = await quickSandbox();
    for (const date of ['2026-01-01', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5', 'x']) {
      expect((await get(sandbox, `events?startDate=${date}`)).status).toBe(400);
      expect((await get(sandbox, `events?endDate=${date}`)).json).toMatchObject({ status: false });
    }
    expect(await get(sandbox, 'events?perPage=-1')).toMatchObject({ status: 500, text: '' });
  });

  test('is the same after a restart, with what the ledger knows', async () => {
    const ledgerFile = path.join(tempDirectory(), 'ledger.jsonl');
    const first = await quickSandbox({ ledgerFile });
    await store(first, [eventBody('k1'), eventBody('k2', { owner_id: 'nobody' })]);
    const before = (await get(first, 'events?sort=ASC')).json.data.content;
    await first.close();
    const again = await quickSandbox({ ledgerFile });
    const after = (await get(again, 'events?sort=ASC')).json.data.content;
    const facts = ({ uid, status, idempotency_key }: Record<string, string>) => [
      uid,
      status,
      idempotency_key,
    ];
    expect(after.map(facts)).toEqual(before.map(facts));
  });
});

describe('accepted-lost', () => {
  test('answers 201 and stores nothing until a restart; the ledger has the acceptance, the key stays free', async () => {
    const ledgerFile = path.join(tempDirectory(), 'ledger.jsonl');
    const sick = await quickSandbox({ ledgerFile });
    sick.faults.add({ kind: 'accepted-lost' });
    for (let n = 0; n < 2; n++) {
      expect(await post(sick, eventBody('k'))).toMatchObject({ status: 201 });
      await waitFor('it has passed the store', () => sick.state().waitingToBeStored === 0);
    }
    expect(sick.state()).toMatchObject({ rows: 0, accepted: 2, webhooks: { delivered: 0, waiting: 0 } });
    expect(linesOf(sick)).toMatchObject([
      { kind: 'accepted', key: 'k', fate: 'lost', answer: 'queued' },
      { kind: 'fault', fault: 'accepted-lost', key: 'k' },
      { kind: 'accepted', key: 'k', fate: 'lost', answer: 'queued', nth: 2 },
      { kind: 'fault', fault: 'accepted-lost', key: 'k' },
    ]);
    await sick.close();
    const healed = await quickSandbox({ ledgerFile });
    expect(keysOf((await get(healed, 'events')).json)).toEqual([]);
    await store(healed, [eventBody('k')]);
    expect(keysOf((await get(healed, 'events')).json)).toEqual(['k']);
    await waitFor('one webhook', () => healed.state().receiver.received === 1);
  });
});
