import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { waitFor } from './helpers.ts';
import { call, eventBody, post, quickSandbox } from './sandbox-client.ts';

describe('refusing', () => {
  test('the content type is checked first, then the key, then the rate limit, and the body last', async () => {
    const sandbox = await quickSandbox({ rateLimit: { burst: 1, perSecond: 1 } });
    const wrongAll = { 'Content-Type': 'text/plain', Authorization: 'Bearer wrong' };
    const type = await post(sandbox, '{', { headers: wrongAll });
    expect(type).toMatchObject({ status: 415, text: '' });
    expect(type.headers).not.toHaveProperty('content-type');
    expect((await post(sandbox, '{', { headers: { Authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await post(sandbox, '{')).status).toBe(400);
    expect((await post(sandbox, '{')).status).toBe(429);
  });

  test.each([
    ['', 'Authentication required'],
    ['Bearer', 'Authentication required'],
    ['Bearer  sandbox-key', 'Authentication required'],
    ['Basic abc', 'Authentication required'],
    ['Bearer wrong', 'authorization failed'],
  ])('the authorization "%s" is answered 401: %s', async (Authorization, message) => {
    const sandbox = await quickSandbox();
    const answer = await post(sandbox, eventBody('k'), { headers: { Authorization } });
    expect(answer).toMatchObject({ status: 401, text: `{"status":false,"message":"${message}"}\n` });
    expect(sandbox.ledger.acceptedCount()).toBe(0);
  });

  test.each([
    ['', 'body must not be empty'],
    ['{"owner_id":"a","data', 'body contains badly-formed JSON'],
    ['{"owner_id":x}', 'body contains badly-formed JSON (at character 13)'],
    ['\ufeff{}', 'body contains badly-formed JSON (at character 1)'],
    ['[]', 'body contains incorrect JSON type (at character 1)'],
    [eventBody('k', { owner_id: 1 }), 'body contains incorrect JSON type for field \\"owner_id\\"'],
    [
      eventBody('k', { custom_headers: { a: 1 } }),
      'body contains incorrect JSON type for field \\"custom_headers\\"',
    ],
    [eventBody('k', { owner_id: '' }), 'owner_id:please provide an owner id'],
    [eventBody('k', { event_type: undefined }), 'event_type:please provide an event type'],
    [eventBody('k', { data: undefined }), 'data:please provide your data'],
    [eventBody('k\u0000'), 'ERROR: invalid byte sequence for encoding \\"UTF8\\": 0x00 (SQLSTATE 22021)'],
    [
      eventBody('k', { owner_id: '\u0000' }),
      'ERROR: invalid byte sequence for encoding \\"UTF8\\": 0x00 (SQLSTATE 22021)',
    ],
  ])('the body %j is answered 400', async (body, message) => {
    const sandbox = await quickSandbox();
    const answer = await post(sandbox, body);
    expect(answer).toMatchObject({ status: 400, text: `{"status":false,"message":"${message}"}\n` });
    expect(sandbox.ledger.acceptedCount()).toBe(0);
  });

  test('several missing fields are all named', async () => {
    const sandbox = await quickSandbox();
    const { message } = JSON.parse((await post(sandbox, '{}')).text);
    expect(message.split(', ').toSorted()).toEqual([
      'data:please provide your data',
      'event_type:please provide an event type',
      'owner_id:please provide an owner id',
    ]);
  });

  test('a body that stops arriving is given up with a 400 that closes the connection', async () => {
    const sandbox = await quickSandbox({ bodyStallMs: 30 });
    const socket = connect(sandbox.port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    const lines = ['Host: x', 'Authorization: Bearer sandbox-key', 'Content-Type: application/json'];
    const start = ['POST /api/v1/projects/p/events/fanout HTTP/1.1', ...lines, 'Content-Length: 500'];
    socket.write(`${start.join('\r\n')}\r\n\r\n{"owner_id":`);
    await once(socket, 'end');
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    expect(answer).toMatch(/counting read: read tcp 127.0.0.1:\d+-\\u003e127.0.0.1:\d+: i\/o timeout/);
  });

  test('the rate limit answers 429 with the seconds to wait, and fills again', async () => {
    const sandbox = await quickSandbox({ rateLimit: { burst: 2, perSecond: 2 } });
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => post(sandbox, eventBody(key))),
    );
    const limited = answers.find(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(2);
    expect(limited?.text).toBe('{"status":false,"message":"exceeded rate limit"}\n');
    expect(limited?.headers).toMatchObject({
      'retry-after': '1',
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1',
    });
    await waitFor('it fills again', async () => (await post(sandbox, eventBody('later'))).status === 201);
  });

  test('addresses outside the API show a page, unknown ones inside it are 404, wrong methods 405', async () => {
    const sandbox = await quickSandbox();
    const origin = sandbox.url.replace(/\/api$/, '');
    const outside = await call(`${origin}/v1/projects/sandbox/events/fanout`, { method: 'POST', body: '{}' });
    expect(outside.status).toBe(200);
    expect(outside.headers['content-type']).toMatch(/^text\/html/);
    expect((await call(`${origin}/healthz`)).status).toBe(200);
    const unknown = await call(`${sandbox.url}/v2/nothing`);
    expect(unknown).toMatchObject({ status: 404, text: '404 page not found\n' });
    expect(unknown.headers['content-type']).toMatch(/^text\/plain/);
    for (const [method, tail] of [
      ['GET', ''],
      ['POST', '/'],
    ]) {
      const answer = await call(`${sandbox.url}/v1/projects/p/events/fanout${tail}`, {
        method: method ?? '',
      });
      expect(answer).toMatchObject({ status: 405, text: '' });
      expect(answer.headers).toMatchObject({ allow: 'POST', 'content-type': 'application/json' });
    }
  });

  test('an idle connection is closed', async () => {
    const sandbox = await quickSandbox({ idleSocketMs: 50 });
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.resume();
    await new Promise((resolve) => socket.once('end', resolve));
    socket.destroy();
  });
});
