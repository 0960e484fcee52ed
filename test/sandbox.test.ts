import { describe, expect, test } from 'vitest';
import { waitFor } from './helpers.ts';
import { call, eventBody, linesOf, post, quickSandbox } from './sandbox-client.ts';

const queued = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}\n';
const duplicate = '{"status":true,"message":"Duplicate event received, but will not be sent","data":null}\n';

describe('accepting', () => {
  test('an event is answered 201 in JSON that ends with a line break, with the headers that Convoy sends', async () => {
    const sandbox = await quickSandbox();
    const answer = await post(sandbox, eventBody('k1'), { headers: { 'X-Request-ID': 'mine' } });
    expect(answer).toMatchObject({ status: 201, text: queued });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-convoy-version': '2025-11-24',
      'x-request-id': 'mine',
    });
    expect(answer.headers).not.toHaveProperty('keep-alive');
    expect((await post(sandbox, eventBody('k2'))).headers['x-request-id']).toMatch(/./);
  });

  test('a repeat is called a duplicate only once a row exists, and is accepted either way', async () => {
    const sandbox = await quickSandbox({ storeDelayMs: 100 });
    expect((await post(sandbox, eventBody('k'))).text).toBe(queued);
    expect((await post(sandbox, eventBody('k'))).text).toBe(queued);
    await waitFor('both rows are stored', () => sandbox.state().rows === 2);
    expect(await post(sandbox, eventBody('k'))).toMatchObject({ status: 201, text: duplicate });
    expect(sandbox.ledger.timesAccepted('k')).toBe(3);
    await waitFor('one webhook', () => sandbox.state().receiver.received === 1);
    await waitFor('all is stored', () => sandbox.state().rows === 3);
    expect(sandbox.state().webhooks).toEqual({ waiting: 0, delivered: 1, failed: 0, shed: 0 });
  });

  test('an event without a key, or with a blank one, is never taken for a repeat', async () => {
    const sandbox = await quickSandbox();
    for (const key of [undefined, '', '  ', undefined]) {
      expect((await post(sandbox, eventBody('', { idempotency_key: key }))).text).toBe(queued);
      await waitFor('it is stored', () => sandbox.state().waitingToBeStored === 0);
    }
    await waitFor('four webhooks', () => sandbox.state().receiver.received === 4);
    expect(sandbox.state()).toMatchObject({ accepted: 4, keys: 0 });
  });

  test('the project id in the path is ignored, and the project says whose key it is', async () => {
    const sandbox = await quickSandbox();
    const headers = { Authorization: `Bearer ${sandbox.apiKey}`, 'Content-Type': 'application/json' };
    const url = `${sandbox.url}/v1/projects/another`;
    const sent = await call(`${url}/events/fanout`, { method: 'POST', headers, body: eventBody('k') });
    expect(sent.status).toBe(201);
    const project = await call(url, { headers });
    expect(project.status).toBe(200);
    expect(JSON.parse(project.text)).toMatchObject({ status: true, data: { uid: 'sandbox' } });
  });

  test.each([
    ['a NUL in data', { data: 'a\u0000b' }, 'stuck'],
    ['a NUL in a name inside data', { data: { 'a\u0000b': 1 } }, 'stuck'],
    ['half a surrogate pair in data', { data: ['\ud800x'] }, 'stuck'],
    ['a blank event type', { event_type: '  ' }, 'no-row'],
    ['a NUL in the event type', { event_type: 'a\u0000' }, 'no-row'],
    ['a NUL in a custom header', { custom_headers: { a: '\u0000' } }, 'no-row'],
    ['a line break in the key', { idempotency_key: 'k\nk' }, 'undeliverable'],
    ['an illegal custom header', { custom_headers: { 'a b': 'x' } }, 'undeliverable'],
    ['an owner without an endpoint', { owner_id: 'nobody' }, 'unmatched'],
  ])('%s is accepted and never delivered', async (_what, fields, fate) => {
    const sandbox = await quickSandbox();
    expect((await post(sandbox, eventBody('k', fields))).status).toBe(201);
    expect(linesOf(sandbox)).toMatchObject([{ kind: 'accepted', fate }]);
    await waitFor('it has passed the store', () => sandbox.state().waitingToBeStored === 0);
    expect(sandbox.state()).toMatchObject({ rows: fate === 'no-row' ? 0 : 1, webhooks: { waiting: 0 } });
  });

  test.each([
    ['a number beyond numeric', '{"n":1e200000}', 'stuck'],
    ['a number within numeric', '{"n":1e400}', undefined],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'stuck'],
    ['blanks between tokens', '{"n": 1}', 'badly-signed'],
    ['a whole surrogate pair', '"\\ud83d\\ude00"', undefined],
  ])('%s in data is judged by its bytes', async (_what, data, fate) => {
    const sandbox = await quickSandbox();
    const [before, after] = eventBody('k', { data: 'HERE' }).split('"HERE"');
    const body = Buffer.concat([Buffer.from(before ?? ''), Buffer.from(data), Buffer.from(after ?? '')]);
    expect((await post(sandbox, body)).status).toBe(201);
    const [line] = linesOf(sandbox);
    expect(line?.kind === 'accepted' ? line.fate : 'no line').toBe(fate);
  });
});
