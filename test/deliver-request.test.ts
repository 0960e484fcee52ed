// What goes over the wire: the request that Convoy expects, the same bytes each time, over few connections.
import { createRequire } from 'node:module';
import { describe, expect, test, vi } from 'vitest';
import { requestBody } from '../apps/relayer/deliver.ts';
import { claimedEvent, delivererFor, testKey } from './delivery.ts';
import { type Answer, startReplyServer } from './reply-server.ts';

const accept: Answer = (response) => {
  response
    .writeHead(201, { 'content-type': 'application/json' })
    .end('{"status":true,"message":"ok","data":null}\n');
};

describe('the body', () => {
  test('has the owner, the type, the key and the payload as the text it is', () => {
    expect(requestBody(claimedEvent())).toBe(
      '{"owner_id":"acme","event_type":"invoice.created","idempotency_key":"0194c2f0-0000-7000-8000-000000000001","data":{"amount":1.10}}',
    );
  });

  test('puts the suffix behind the id, and custom headers before the payload', () => {
    const event = claimedEvent({
      id: 'e1',
      keySuffix: '~r2',
      headers: '{"traceparent":"00-1"}',
      payload: '{}',
    });
    expect(requestBody(event)).toBe(
      '{"owner_id":"acme","event_type":"invoice.created","idempotency_key":"e1~r2","custom_headers":{"traceparent":"00-1"},"data":{}}',
    );
  });

  test('escapes names and leaves the payload alone', () => {
    const event = claimedEvent({
      id: 'e',
      businessId: 'a"\\b',
      eventType: 'é\u2028',
      payload: '{"n":1e400,"z":-0.0}',
    });
    const body = requestBody(event);
    expect(JSON.parse(body)).toMatchObject({ owner_id: 'a"\\b', event_type: 'é\u2028' });
    expect(body.endsWith(',"data":{"n":1e400,"z":-0.0}}')).toBe(true);
  });
});

describe('a delivery', () => {
  test('posts to the intake of the project, with the key, and the body as it is', async () => {
    const server = await startReplyServer(accept);
    const event = claimedEvent({ payload: '{"name":"Zoë 😀","amount":1.10}', headers: '{"x-a":"b"}' });
    expect(await delivererFor(server.url).deliver(event, 10_000)).toEqual({ kind: 'accepted' });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/api/v1/projects/project-1/events/fanout' });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${testKey}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(requestBody(event))),
    });
    expect(request?.headers).not.toHaveProperty('transfer-encoding');
    expect(request?.body).toBe(requestBody(event));
  });

  test('is the same bytes every time', async () => {
    const server = await startReplyServer(accept);
    const deliverer = delivererFor(server.url);
    for (let n = 0; n < 3; n++)
      await deliverer.deliver(claimedEvent({ leaseId: `00:x:${n}`, claims: n }), 10_000);
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1);
    expect(server.requests).toHaveLength(3);
  });

  test('escapes the project id in the path', async () => {
    const server = await startReplyServer(accept);
    await delivererFor(server.url, { projectId: 'a/../b c' }).deliver(claimedEvent(), 10_000);
    expect(server.requests[0]?.url).toBe('/api/v1/projects/a%2F..%2Fb%20c/events/fanout');
  });

  test('uses a base path that stands before /api', async () => {
    const server = await startReplyServer(accept);
    await delivererFor(`${server.url}/convoy`).deliver(claimedEvent(), 10_000);
    expect(server.requests[0]?.url).toBe('/convoy/api/v1/projects/project-1/events/fanout');
  });
});

describe('connections', () => {
  test('are used again', async () => {
    const server = await startReplyServer(accept);
    const deliverer = delivererFor(server.url);
    for (let n = 0; n < 10; n++) await deliverer.deliver(claimedEvent({ seq: n }), 10_000);
    // The next event may leave in the very tick of the answer, while the pool still holds the connection busy.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test('are as many as there are slots, and each carries one request at a time', async () => {
    const waiting: (() => void)[] = [];
    const server = await startReplyServer((response, request) =>
      waiting.push(() => accept(response, request)),
    );
    const deliverer = delivererFor(server.url, { concurrency: 3 });
    const outcomes = Promise.all(
      Array.from({ length: 3 }, (_, seq) => deliverer.deliver(claimedEvent({ seq }), 10_000)),
    );
    await vi.waitFor(() => expect(waiting).toHaveLength(3));
    expect(server.connections).toBe(3);
    for (const answer of waiting) answer();
    expect(await outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: 'accepted' })));
  });

  test('are dropped when idle for 20 s, before Convoy drops them at 30 s', async () => {
    const server = await startReplyServer(accept);
    const pool = createRequire(import.meta.url)('undici/lib/dispatcher/pool.js') as { prototype: object };
    const dispatch = vi.spyOn(pool.prototype as { dispatch(): boolean }, 'dispatch');
    await delivererFor(server.url).deliver(claimedEvent(), 10_000);
    const used = dispatch.mock.contexts[0] as object;
    const symbol = Object.getOwnPropertySymbols(used).find((name) => name.description === 'options');
    const options = Reflect.get(used, symbol ?? Symbol('options')) as Record<string, number>;
    expect(options).toMatchObject({ keepAliveTimeout: 20_000, keepAliveMaxTimeout: 20_000, pipelining: 1 });
  });
});
