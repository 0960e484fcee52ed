import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { acme, call, eventBody, post, quickSandbox, story } from './sandbox-client.ts';

describe('choosing requests', () => {
  test('a fault ends after the number of requests it was given', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'status', status: 503, remaining: 2 });
    const statuses = [];
    for (const key of ['a', 'b', 'c']) statuses.push((await post(sandbox, eventBody(key))).status);
    expect(statuses).toEqual([503, 503, 201]);
    expect(sandbox.faults.active()).toEqual([]);
    expect(sandbox.faults.touched()).toEqual({ status: 2 });
  });

  test('a fault with a probability follows the dice', async () => {
    const throws = [0.3, 0.29, 0.9];
    const sandbox = await quickSandbox({ random: () => throws.shift() ?? 1 });
    sandbox.faults.add({ kind: 'status', status: 503, probability: 0.3 });
    const statuses = [];
    for (const key of ['a', 'b', 'c']) statuses.push((await post(sandbox, eventBody(key))).status);
    expect(statuses).toEqual([201, 503, 201]);
  });

  test('faults can be meant for one key, for one owner, or for reads', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'status', status: 500, key: 'bad' });
    sandbox.faults.add({ kind: 'status', status: 501, owner: 'somebody' });
    sandbox.faults.add({ kind: 'status', status: 502, traffic: 'reads' });
    const headers = { Authorization: `Bearer ${sandbox.apiKey}` };
    expect((await post(sandbox, eventBody('bad'))).status).toBe(500);
    expect((await post(sandbox, eventBody('good', { owner_id: 'somebody' }))).status).toBe(501);
    expect((await post(sandbox, eventBody('good'))).status).toBe(201);
    expect((await call(`${sandbox.url}/v1/projects/sandbox`, { headers })).status).toBe(502);
  });

  test('a slow fault goes together with one other, and of the others the first ordered wins', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'lost-reply' });
    sandbox.faults.add({ kind: 'slow', delayMs: 20 });
    sandbox.faults.add({ kind: 'status', status: 503 });
    expect((await post(sandbox, eventBody('k'))).status).toBe(400);
    expect(story(sandbox)).toEqual(['accepted:lost-reply', 'fault:slow', 'fault:lost-reply']);
  });

  test('a body that would be refused meets outages, but no fault that needs an event', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'lost-reply' });
    expect((await post(sandbox, '{}')).text).toContain('please provide');
    sandbox.faults.add({ kind: 'status', status: 503 });
    expect((await post(sandbox, '{}')).status).toBe(503);
  });
});

describe('the control API', () => {
  async function control(sandbox: Sandbox, order: { method?: string; path: string; body?: unknown }) {
    const { method = 'GET', path, body } = order;
    const text = body === undefined ? '' : JSON.stringify(body);
    const answer = await call(`${sandbox.controlUrl}/${path}`, { method, body: text });
    return { status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text) };
  }

  test('faults are added, listed, replaced and removed', async () => {
    const sandbox = await quickSandbox();
    const slow = { kind: 'slow', delayMs: 1, remaining: 2 };
    const added = await control(sandbox, { method: 'POST', path: 'faults', body: slow });
    expect(added).toEqual({
      status: 201,
      body: { added: [{ id: '1', order: slow, remaining: 2, touched: 0 }] },
    });
    await post(sandbox, eventBody('k'));
    expect((await control(sandbox, { path: 'faults' })).body).toEqual({
      active: [{ id: '1', order: slow, remaining: 1, touched: 1 }],
      touched: { slow: 1 },
    });
    await control(sandbox, { method: 'PUT', path: 'faults', body: [{ kind: 'hang' }, { kind: 'forget' }] });
    expect(sandbox.faults.active().map(({ order }) => order.kind)).toEqual(['hang', 'forget']);
    expect((await control(sandbox, { method: 'DELETE', path: 'faults/2' })).status).toBe(204);
    expect((await control(sandbox, { method: 'DELETE', path: 'faults/2' })).status).toBe(404);
    expect((await control(sandbox, { method: 'DELETE', path: 'faults' })).status).toBe(204);
    expect(sandbox.faults.active()).toEqual([]);
  });

  test.each([
    ['nonsense', /a fault is a JSON object/],
    [{ kind: 'earthquake' }, /"kind" must be one of status, slow/],
    [{ kind: 'toString' }, /"kind" must be one of/],
    [{ kind: 'slow' }, /"delayMs" is missing/],
    [{ kind: 'slow', delayMs: '1' }, /"delayMs" must be a whole number/],
    [{ kind: 'status', status: 99 }, /"status" must be a whole number from 200 to 599/],
    [
      { kind: 'status', status: 500, headers: { 'a b': 'c' } },
      /"headers" must be an object of legal header names/,
    ],
    [{ kind: 'hang', delayMs: 1 }, /"delayMs" means nothing for hang/],
    [{ kind: 'hang', probability: 0 }, /"probability" must be a number above 0/],
    [{ kind: 'hang', remaining: 0 }, /"remaining" must be a whole number from 1/],
    [{ kind: 'hang', traffic: 'some' }, /"traffic" must be one of events, reads, all/],
    [{ kind: 'garbage', shape: 'odd' }, /"shape" must be one of html-201/],
    [{ kind: 'reset', key: 'k' }, /"reset" comes before the body is read/],
    [[{ kind: 'hang' }, { kind: 'odd' }], /"kind" must be one of/],
  ])('the bad fault %j is refused with a reason, and nothing changes', async (body, reason) => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'hang' });
    const answer = await control(sandbox, { method: 'PUT', path: 'faults', body });
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringMatching(reason) } });
    expect(sandbox.faults.active()).toHaveLength(1);
  });

  test('more than a hundred faults are refused as a whole', async () => {
    const sandbox = await quickSandbox();
    sandbox.faults.add({ kind: 'slow', delayMs: 0 });
    const body = Array.from({ length: 100 }, () => ({ kind: 'hang', probability: 0.001 }));
    expect((await control(sandbox, { method: 'POST', path: 'faults', body })).status).toBe(400);
    expect(sandbox.faults.active()).toHaveLength(1);
    expect((await control(sandbox, { method: 'PUT', path: 'faults', body })).status).toBe(201);
    expect(sandbox.faults.active()).toHaveLength(100);
  });

  test('it tells its health, its state, and what it knows of a key', async () => {
    const sandbox = await quickSandbox();
    await post(sandbox, eventBody('a/b c'));
    expect(await control(sandbox, { path: 'health' })).toEqual({
      status: 200,
      body: { ok: true, pid: process.pid },
    });
    expect((await control(sandbox, { path: 'state' })).body).toMatchObject({ accepted: 1, keys: 1 });
    const known = await control(sandbox, { path: `ledger/${encodeURIComponent('a/b c')}` });
    expect(known.body).toMatchObject({ owner: acme, type: 'invoice.created', timesAccepted: 1 });
    expect((await control(sandbox, { path: 'ledger/other' })).status).toBe(404);
    expect((await control(sandbox, { path: 'elsewhere' })).status).toBe(404);
  });
});
