// An owner gets an endpoint: over the API as setting up does, or over the control API in one step.
import { expect, test } from 'vitest';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { waitFor } from './helpers.ts';
import { acme, call, eventBody, linesOf, post, quickSandbox } from './sandbox-client.ts';

async function api(sandbox: Sandbox, order: { readonly path: string; readonly body?: unknown }) {
  const { path, body } = order;
  const answer = await call(`${sandbox.url}/v1/projects/${sandbox.projectId}/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${sandbox.apiKey}`, 'Content-Type': 'application/json' },
    body: body === undefined ? '' : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.text || 'null') };
}

const endpointsOf = async (sandbox: Sandbox, owner: string) =>
  (await api(sandbox, { path: `endpoints?ownerId=${encodeURIComponent(owner)}` })).json.data.content;

test('the businesses of the demo have an endpoint each, found by the exact owner', async () => {
  const sandbox = await quickSandbox();
  expect(await endpointsOf(sandbox, acme)).toMatchObject([{ owner_id: acme, name: 'Acme Corp' }]);
  expect(await endpointsOf(sandbox, acme.toUpperCase())).toEqual([]);
  expect(await endpointsOf(sandbox, 'nobody')).toEqual([]);
});

test('an endpoint that is created and subscribed receives webhooks; created alone it matches nothing', async () => {
  const sandbox = await quickSandbox();
  const owner = 'a new one & more';
  const url = `${sandbox.controlUrl}/receiver/${encodeURIComponent(owner)}`;
  const created = await api(sandbox, { path: 'endpoints', body: { name: 'New', url, owner_id: owner } });
  expect(created).toMatchObject({ status: 201, json: { status: true, data: { owner_id: owner } } });
  await post(sandbox, eventBody('k1', { owner_id: owner }));
  const subscription = { name: 'New', endpoint_id: created.json.data.uid };
  expect((await api(sandbox, { path: 'subscriptions', body: subscription })).status).toBe(201);
  expect(await api(sandbox, { path: 'subscriptions', body: subscription })).toMatchObject({
    status: 400,
    json: { message: 'a subscription for this endpoint already exists' },
  });
  await post(sandbox, eventBody('k2', { owner_id: owner }));
  await waitFor('one webhook', () => sandbox.state().receiver.received === 1);
  const fates = linesOf(sandbox).map((line) => ('fate' in line ? line.fate : undefined));
  expect(fates).toEqual(['unmatched', undefined]);
});

test('what is missing or wrong is refused in the words of Convoy', async () => {
  const sandbox = await quickSandbox();
  for (const body of [{}, { name: 'x' }, { url: 'http://x.test' }, 'text', null]) {
    expect(await api(sandbox, { path: 'endpoints', body })).toMatchObject({
      status: 400,
      json: { status: false, message: 'Invalid input provided' },
    });
  }
  expect(await api(sandbox, { path: 'endpoints', body: { name: 'x', url: 'nowhere' } })).toMatchObject({
    json: { message: 'endpoint url must include a valid host' },
  });
  const deleted = await call(`${sandbox.url}/v1/projects/sandbox/endpoints`, { method: 'DELETE' });
  expect(deleted).toMatchObject({ status: 405, headers: { allow: 'GET, POST' } });
});

test('the control API takes endpoints away and gives them back', async () => {
  const sandbox = await quickSandbox();
  const control = async (method: string) => {
    const { text } = await call(`${sandbox.controlUrl}/endpoints/${acme}`, { method });
    return JSON.parse(text);
  };
  expect(await control('DELETE')).toEqual({ removed: 1 });
  expect(await endpointsOf(sandbox, acme)).toEqual([]);
  await post(sandbox, eventBody('k1'));
  expect(await control('PUT')).toMatchObject({ added: { owner: acme } });
  await post(sandbox, eventBody('k2'));
  await waitFor('one webhook', () => sandbox.state().receiver.received === 1);
  expect(linesOf(sandbox)).toMatchObject([{ fate: 'unmatched' }, { key: 'k2' }]);
  expect((await call(`${sandbox.controlUrl}/endpoints`)).text).toContain(acme);
});
