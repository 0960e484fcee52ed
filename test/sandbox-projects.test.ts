// Projects and subscriptions of the sandbox, as setting up Convoy needs them.
import { expect, test } from 'vitest';
import type { Sandbox } from '../scripts/sandbox/sandbox.ts';
import { acme, call, quickSandbox } from './sandbox-client.ts';

async function ask(sandbox: Sandbox, key: string, path: string, body?: unknown) {
  const answer = await call(`${sandbox.url}/v1/projects${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    body: body === undefined ? '' : JSON.stringify(body),
  });
  return { status: answer.status, json: JSON.parse(answer.text) };
}

const person = 'sandbox-personal-key';

test("a person's key lists and creates projects, a project's key does not", async () => {
  const sandbox = await quickSandbox();
  expect(await ask(sandbox, person, '?orgID=O')).toMatchObject({
    status: 200,
    json: { data: [{ uid: 'sandbox' }] },
  });
  for (const body of [undefined, { name: 'p', type: 'outgoing' }]) {
    expect(await ask(sandbox, sandbox.apiKey, '?orgID=O', body)).toMatchObject({
      status: 403,
      json: { status: false, message: 'Unauthorized' },
    });
  }
  expect(await ask(sandbox, person, '?orgID=O', { type: 'outgoing' })).toMatchObject({ status: 400 });
  const { status, json } = await ask(sandbox, person, '?orgID=O', { name: 'p', type: 'outgoing' });
  expect([status, json.data.project.name]).toEqual([201, 'p']);
  const { uid } = json.data.project;
  const own = await ask(sandbox, json.data.api_key.key, '/whatever');
  expect(own).toMatchObject({ status: 200, json: { data: { uid } } });
  expect(await ask(sandbox, person, `/${uid}`)).toMatchObject({ status: 200, json: { data: { uid } } });
  expect(await ask(sandbox, person, '/unknown')).toMatchObject({
    status: 400,
    json: { message: 'failed to retrieve project' },
  });
  expect(await ask(sandbox, person, '?orgID=O', { name: 'q', type: 'outgoing' })).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining('project limit') },
  });
});

test('subscriptions are listed with their endpoints', async () => {
  const sandbox = await quickSandbox();
  const list = (query: string) => ask(sandbox, sandbox.apiKey, `/sandbox/subscriptions${query}`);
  const { json } = await list('');
  expect(json.data.content).toHaveLength(5);
  const uid = json.data.content.find(
    (row: { endpoint_metadata: { owner_id: string } }) => row.endpoint_metadata.owner_id === acme,
  ).endpoint_metadata.uid;
  expect((await list(`?endpointId=${uid}`)).json.data.content).toMatchObject([
    { endpoint_metadata: { uid } },
  ]);
  expect((await list('?endpointId=none')).json.data.content).toEqual([]);
});
